package flow_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/flow"
)

var (
	morning = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	noon    = morning.Add(4 * time.Hour)
)

func ids(text string) []action.ID {
	var found []action.ID
	for _, id := range strings.Fields(text) {
		found = append(found, action.ID(id))
	}
	return found
}

func TestCheck(t *testing.T) {
	t.Parallel()
	belongs := map[flow.Type]string{1: "123", 2: "45", 3: "123", 4: "6"}
	for typ := range flow.Type(5) {
		for trigger := range flow.Trigger(8) {
			want := flow.ErrWrongTrigger
			switch {
			case typ == flow.Unspecified:
				want = flow.ErrSetTypeMissing
			case strings.Contains(belongs[typ], trigger.ID()):
				want = nil
			}
			if err := flow.Check(typ, trigger); (want == nil) != (err == nil) || want != nil && !errors.Is(err, want) {
				t.Errorf("flow %d, trigger %d: got %v, want %v", typ, trigger, err, want)
			}
		}
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	bound := flow.Flow{Type: 1, Sequence: 3, Created: morning, Changed: morning,
		Bindings: map[flow.Trigger][]action.ID{1: ids("7 8"), 2: ids("7")}}
	for name, tc := range map[string]struct {
		before        flow.Flow
		set, existing string
		want          string
		err           error
	}{
		"FirstOfAFlow":                    {flow.Flow{Type: 1}, "9 7", "7 9", "9 7", nil},
		"Replaces":                        {bound, "9", "9", "9", nil},
		"AnotherOrderIsAChange":           {bound, "8 7", "7 8", "8 7", nil},
		"NoneEmpties":                     {bound, "", "", "", nil},
		"TheSameIsRefused":                {bound, "7 8", "7 8", "7 8", flow.ErrNoChanges},
		"EmptyingTheEmptyIsRefused":       {flow.Flow{Type: 1}, "", "", "", flow.ErrNoChanges},
		"UnknownIsRefused":                {bound, "7 9", "7", "7 8", flow.ErrActionIDsNotExist},
		"TwiceIsRefused":                  {bound, "9 9", "9", "7 8", flow.ErrActionIDsNotExist},
		"TheSameComesBeforeWhatNowIsGone": {bound, "7 8", "7", "7 8", flow.ErrNoChanges},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			others := maps.Clone(tc.before.Bindings)
			delete(others, 1)
			got, err := tc.before.Set(1, ids(tc.set), ids(tc.existing), noon)
			if !errors.Is(err, tc.err) || !slices.Equal(got.Bindings[1], ids(tc.want)) {
				t.Fatalf("got %v, %v", got.Bindings, err)
			}
			if _, listed := got.Bindings[1]; listed && tc.want == "" {
				t.Error("an empty list is kept")
			}
			if tc.err == nil && (got.Sequence != tc.before.Sequence+1 || !got.Changed.Equal(noon)) {
				t.Errorf("sequence %d, changed %s", got.Sequence, got.Changed)
			}
			for trigger, want := range others {
				if !slices.Equal(got.Bindings[trigger], want) {
					t.Errorf("trigger %d: got %v, want %v", trigger, got.Bindings[trigger], want)
				}
			}
		})
	}
}

func TestClear(t *testing.T) {
	t.Parallel()
	empty := flow.Flow{Type: 2}
	if _, err := empty.Clear(noon); !errors.Is(err, flow.ErrEmpty) {
		t.Errorf("empty: got %v", err)
	}
	bound, err := empty.Set(4, ids("1"), ids("1"), morning)
	if err != nil || !bound.Created.Equal(morning) {
		t.Fatalf("got %+v, %v", bound, err)
	}
	cleared, err := bound.Clear(noon)
	if err != nil || len(cleared.Bindings) != 0 || cleared.Sequence != 2 || !cleared.Changed.Equal(noon) || !cleared.Created.Equal(morning) {
		t.Errorf("got %+v, %v", cleared, err)
	}
}

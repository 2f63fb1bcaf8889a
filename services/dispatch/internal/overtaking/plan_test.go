package overtaking_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/services/dispatch/internal/overtaking"
)

func TestPlan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		waiting map[string]uint64
		want    []string
	}{
		"NobodyWaits":            {nil, nil},
		"NobodyOvertakesHimself": {map[string]uint64{"a": 9}, nil},
		"LeastFirst":             {map[string]uint64{"a": 9, "b": 3, "c": 2, "d": 3}, []string{"c", "b", "d"}},
		"OneOfEquals":            {map[string]uint64{"b": 4, "a": 4}, []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := overtaking.Plan(c.waiting); !slices.Equal(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestPlan_HoldsBackNobodyButTheOneWithMost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		waiting := rapid.MapOfN(rapid.StringMatching(`[a-z]`), rapid.Uint64Range(1, 9), 1, 9).Draw(t, "waiting")
		plan := overtaking.Plan(waiting)
		var most uint64
		for tenant, n := range waiting {
			if !slices.Contains(plan, tenant) {
				most += n
			}
		}
		if len(plan) != len(waiting)-1 {
			t.Fatalf("%d of %d may overtake", len(plan), len(waiting))
		}
		for i, tenant := range plan {
			if waiting[tenant] > most || i > 0 && waiting[tenant] < waiting[plan[i-1]] {
				t.Fatalf("%q of %v, %d held back", plan, waiting, most)
			}
		}
	})
}

func TestPace(t *testing.T) {
	t.Parallel()
	var p overtaking.Pace
	start := time.Now()
	for _, look := range []struct {
		after     time.Duration
		delivered uint64
		reach     uint64 // in a second
	}{
		{0, 1000, 1000},
		{time.Second, 1500, 2000},
		{2 * time.Second, 1500, 1500}, // stuck
		{time.Second, 1600, 1500},     // the clock went back: as it was
		{4 * time.Second, 1700, 1800}, //
		{5 * time.Second, 3, 3},       // another stream
		{5*time.Second + 500*time.Millisecond, 53, 153},
	} {
		p.Look(start.Add(look.after), look.delivered)
		if got := p.Reach(time.Second); got != look.reach {
			t.Errorf("after %v at %d it reaches %d, not %d", look.after, look.delivered, got, look.reach)
		}
	}
}

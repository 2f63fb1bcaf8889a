package action_test

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// TestVersionMoves holds which event may happen in which state.
func TestVersionMoves(t *testing.T) {
	t.Parallel()
	a := newAction(t)
	a.Version, a.Latest = 2, 3
	versions := map[action.VersionState]action.Version{
		action.Superseded: {Number: 1, Content: action.Content{Name: "old"}, Published: morning, Publisher: "p1"},
		action.Published:  {Number: 2, Content: a.Content, Published: morning},
		action.Draft:      {Number: 3, Content: action.Content{Name: "new"}},
	}
	for state, v := range versions {
		if got := a.StateOf(v); got != state {
			t.Errorf("version %d is %s, want %s", v.Number, got, state)
		}
		for e, refused := range map[action.VersionEvent]map[action.VersionState]error{
			action.Publish:  {action.Published: action.ErrNotDraft, action.Superseded: action.ErrNotDraft},
			action.Rollback: {action.Published: action.ErrNotSuperseded, action.Draft: action.ErrNotSuperseded},
			action.Discard:  {action.Published: action.ErrNotDraft, action.Superseded: action.ErrNotDraft},
		} {
			if err := a.Check(e, v); !errors.Is(err, refused[state]) {
				t.Errorf("%s of %s: got %v, want %v", e, state, err, refused[state])
			}
		}
	}
	if err := a.Check("explode", versions[action.Draft]); err == nil {
		t.Error("an unknown event is accepted")
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	before := newAction(t)
	before.Latest = 2
	draft := action.Version{Number: 2, Content: action.Content{Name: "new", Script: "x", AllowedToFail: true}}
	after, v, err := before.Run(action.Publish, draft, "p2", noon)
	if err != nil || after.Content != draft.Content || after.Version != 2 || after.Sequence != 2 || !after.Changed.Equal(noon) {
		t.Fatalf("got %+v, %v", after, err)
	}
	if !v.Published.Equal(noon) || v.Publisher != "p2" || after.StateOf(v) != action.Published {
		t.Errorf("got %+v", v)
	}
	if same, _, err := before.Run(action.Rollback, draft, "p2", noon); !errors.Is(err, action.ErrNotSuperseded) || same != before {
		t.Errorf("got %+v, %v", same, err)
	}
}

func TestAddDraft(t *testing.T) {
	t.Parallel()
	before := newAction(t)
	wanted := action.NewVersion(action.Content{Name: "new", Script: "x"}, "why", action.Findings{}, "p1")
	after, v, err := before.AddDraft(wanted, noon)
	if err != nil || v.Number != 2 || v.SHA256 != sha256.Sum256([]byte("x")) || v.Note != "why" || v.Author != "p1" || !v.Created.Equal(noon) {
		t.Fatalf("got %+v, %v", v, err)
	}
	if after.Latest != 2 || after.Version != 1 || after.Sequence != 1 || !after.Changed.Equal(morning) || after.Content != before.Content {
		t.Errorf("the draft changed the action: %+v", after)
	}
	if _, _, err := before.AddDraft(action.Version{Content: action.Content{Name: "a\x00"}}, noon); !errors.Is(err, action.ErrInvalidChange) {
		t.Errorf("got %v", err)
	}
}

func TestBounded(t *testing.T) {
	t.Parallel()
	long := action.Warning{Message: "\x00" + strings.Repeat("ä", 1000)}
	given := action.Findings{Checked: true}
	for range 60 {
		given.Warnings = append(given.Warnings, long)
	}
	got := given.Bounded()
	if len(got.Warnings) != 50 || !got.Checked || given.Warnings[0] != long {
		t.Errorf("got %d warnings", len(got.Warnings))
	}
	if text := got.Warnings[0].Message; len(text) > 1000 || !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		t.Errorf("got %q", text)
	}
}

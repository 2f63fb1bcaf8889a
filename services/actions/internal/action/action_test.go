package action_test

import (
	"errors"
	"testing"
	"time"

	"github.com/actionplane/actionplane/services/actions/internal/action"
)

var (
	morning = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	noon    = morning.Add(4 * time.Hour)
)

func newAction(t *testing.T) action.Action {
	t.Helper()
	a, err := action.New("1", "org", action.Content{Name: "log", Script: "function log() {}"}, morning)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestNew(t *testing.T) {
	t.Parallel()

	t.Run("IsActiveAtOnce", func(t *testing.T) {
		t.Parallel()
		a := newAction(t)
		if a.State != action.Active || a.Sequence != 1 || !a.Created.Equal(morning) || !a.Changed.Equal(morning) {
			t.Errorf("got %+v", a)
		}
	})
	t.Run("NeedsANameThatCanBeKept", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"", "a\x00b"} {
			if _, err := action.New("1", "org", action.Content{Name: name, Script: "x"}, morning); !errors.Is(err, action.ErrInvalidNew) {
				t.Errorf("name %q: got %v", name, err)
			}
		}
	})
}

func TestReplace(t *testing.T) {
	t.Parallel()
	before := newAction(t)
	change := func(edit func(*action.Content)) action.Content {
		c := before.Content
		edit(&c)
		return c
	}
	for name, tc := range map[string]struct {
		content action.Content
		want    error
	}{
		"SameContentIsRefused":             {before.Content, action.ErrUnchanged},
		"EmptyNameIsRefused":               {change(func(c *action.Content) { c.Name = "" }), action.ErrInvalidChange},
		"AnotherNameCounts":                {change(func(c *action.Content) { c.Name = "LOG" }), nil},
		"AnotherScriptCounts":              {change(func(c *action.Content) { c.Script += " " }), nil},
		"AllowedToFailCounts":              {change(func(c *action.Content) { c.AllowedToFail = true }), nil},
		"TimeoutOfTheSameEffectStillIsOne": {change(func(c *action.Content) { c.Timeout = action.MaxTimeout }), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := before.Replace(tc.content, noon)
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			want := before
			if tc.want == nil {
				want.Content, want.Sequence, want.Changed = tc.content, 2, noon
			}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		state action.State
		event action.Event
		want  action.State
		err   error
	}{
		{action.Active, action.Deactivate, action.Inactive, nil},
		{action.Active, action.Reactivate, action.Active, action.ErrNotInactive},
		{action.Inactive, action.Deactivate, action.Inactive, action.ErrNotActive},
		{action.Inactive, action.Reactivate, action.Active, nil},
	} {
		t.Run(string(tc.state)+"/"+string(tc.event), func(t *testing.T) {
			t.Parallel()
			before := newAction(t)
			before.State = tc.state
			after, err := before.Apply(tc.event, noon)
			if !errors.Is(err, tc.err) || after.State != tc.want {
				t.Fatalf("got %s, %v", after.State, err)
			}
			if changed := after.Sequence == 2 && after.Changed.Equal(noon); changed != (tc.err == nil) {
				t.Errorf("sequence %d, changed %s", after.Sequence, after.Changed)
			}
		})
	}
	t.Run("UnknownEventIsNoMove", func(t *testing.T) {
		t.Parallel()
		if _, err := newAction(t).Apply("explode", noon); err == nil {
			t.Error("accepted")
		}
	})
}

func TestEffectiveTimeout(t *testing.T) {
	t.Parallel()
	for stored, want := range map[time.Duration]time.Duration{
		-time.Second:              20 * time.Second,
		0:                         20 * time.Second,
		1:                         1,
		500 * time.Millisecond:    500 * time.Millisecond,
		20*time.Second - 1:        20*time.Second - 1,
		20 * time.Second:          20 * time.Second,
		20*time.Second + 1:        20 * time.Second,
		24 * 365 * 10 * time.Hour: 20 * time.Second,
	} {
		if got := action.EffectiveTimeout(stored); got != want {
			t.Errorf("EffectiveTimeout(%s) = %s, want %s", stored, got, want)
		}
	}
}

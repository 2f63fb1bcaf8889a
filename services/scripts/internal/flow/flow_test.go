package flow

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

func active(names ...string) []Action {
	all := make([]Action, len(names))
	for i, n := range names {
		all[i] = Action{Name: strings.TrimRight(n, "?!"), Active: !strings.HasSuffix(n, "!"), AllowedToFail: strings.HasSuffix(n, "?")}
	}
	return all
}

// played answers calls as told; what each adds to the changes is its name.
type played struct {
	actions []Action
	results map[string]invocation.Result
	ran     []string
}

func (p *played) invoke(_ context.Context, i int, changes json.RawMessage) (string, invocation.Result, error) {
	name := p.actions[i].Name
	p.ran = append(p.ran, name)
	if name == "away" {
		return "", invocation.Result{}, errors.New("no worker")
	}
	r := p.results[name]
	r.Changes = append(slices.Clone(changes), name...)
	return "id of " + name, r, nil
}

func TestRun(t *testing.T) {
	t.Parallel()
	thrown := &invocation.Error{Kind: invocation.KindThrown, Message: "some error at err (<eval>:5:2(2))"}
	results := map[string]invocation.Result{
		"bad": {Error: thrown}, "deny": {Veto: &invocation.Veto{Reason: "not today", Code: 429}},
		"both": {Veto: &invocation.Veto{Reason: "no"}, Error: thrown},
	}
	for name, c := range map[string]struct {
		actions []string
		ran     string
		changes string
		code    fault.Code
		text    string // part of the error
	}{
		"ChangesArePassedOn":           {[]string{"a", "b", "c"}, "a b c", "abc", 0, ""},
		"NothingBoundChangesNothing":   {nil, "", "", 0, ""},
		"InactiveOnesAreSkipped":       {[]string{"a", "b!", "c"}, "a c", "ac", 0, ""},
		"TheFirstFailureEndsIt":        {[]string{"a", "bad", "c"}, "a bad", "", fault.CodeFailedPrecondition, `action "bad" failed: some error at err (<eval>:5:2(2)) (SCRIPTS-f41l3d)`},
		"WhatMayFailIsPassedOver":      {[]string{"bad?", "c"}, "bad c", "badc", 0, ""},
		"DenyingEndsIt":                {[]string{"deny", "c"}, "deny", "", fault.CodeExhausted, "not today"},
		"WhoMayFailDeniesAllTheSame":   {[]string{"both?", "c"}, "both", "", fault.CodePermissionDenied, "no (EXEC-reUaUZCzCp)"},
		"NoWorkerIsNobodysFailureHere": {[]string{"away?", "c"}, "away", "", fault.CodeUnknown, "no worker"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &played{actions: active(c.actions...), results: results}
			steps, changes, err := Run(t.Context(), p.actions, p.invoke)
			if fault.CodeOf(err) != c.code || (err != nil && !strings.Contains(err.Error(), c.text)) {
				t.Errorf("error %v", err)
			}
			if got := strings.Join(p.ran, " "); got != c.ran || string(changes) != c.changes {
				t.Errorf("ran %s, changes %s", got, changes)
			}
			if err == nil && len(steps) != len(c.actions) {
				t.Errorf("%d steps", len(steps))
			}
		})
	}
	t.Run("StepsSayWhatBecameOfThem", func(t *testing.T) {
		t.Parallel()
		p := &played{actions: active("a", "b!", "bad?"), results: results}
		steps, _, err := Run(t.Context(), p.actions, p.invoke)
		if err != nil {
			t.Fatal(err)
		}
		want := []Step{{Succeeded, "id of a", invocation.Result{}}, {Outcome: Skipped}, {Failed, "id of bad", invocation.Result{Error: thrown}}}
		for i, s := range steps {
			if s.Outcome != want[i].Outcome || s.Invocation != want[i].Invocation || s.Result.Error != want[i].Result.Error {
				t.Errorf("step %d: %+v", i, s)
			}
		}
	})
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	for asked, want := range map[int]fault.Code{
		0: fault.CodePermissionDenied, 3: fault.CodeInvalid, 404: fault.CodeNotFound,
		1: fault.CodeFailedPrecondition, 4: fault.CodeFailedPrecondition, 14: fault.CodeFailedPrecondition, 503: fault.CodeFailedPrecondition,
	} {
		if err := Refusal("a", invocation.Veto{Code: asked}); fault.CodeOf(err) != want || !strings.HasPrefix(err.Error(), `action "a" denied (EXEC-`) {
			t.Errorf("%d: %v", asked, err)
		}
	}
}

func TestParseTrigger(t *testing.T) {
	t.Parallel()
	for _, want := range invocation.Triggers() {
		if got, err := ParseTrigger(ID(want.Flow), ID(want.Type)); err != nil || got != want {
			t.Errorf("%v: %v, %v", want, got, err)
		}
	}
	if got, err := ParseTrigger("FLOW_TYPE_EXTERNAL_AUTHENTICATION", "TRIGGER_TYPE_PRE_CREATION"); err != nil || got != (invocation.Trigger{Flow: 1, Type: 2}) {
		t.Errorf("old names: %v, %v", got, err)
	}
	for _, c := range []struct {
		flow, trigger string
		want          error
	}{{"0", "1", ErrNoFlow}, {"5", "1", ErrNoFlow}, {"", "", ErrNoFlow}, {"01", "1", ErrNoFlow}, {"2", "1", ErrNoTrigger}, {"4", "5", ErrNoTrigger}, {"2", "", ErrNoTrigger}} {
		if _, err := ParseTrigger(c.flow, c.trigger); !errors.Is(err, c.want) {
			t.Errorf("%s/%s: %v", c.flow, c.trigger, err)
		}
	}
}

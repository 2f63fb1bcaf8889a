// Package flow runs the actions of a trigger: one after the other, each with
// what those before it changed, until one fails that is not allowed to, or
// denies. What a call of an action is, and where it is made, it does not know.
package flow

import (
	"context"
	"encoding/json"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// Action is one of a trigger's.
type Action struct {
	ID            string
	Name          string
	AllowedToFail bool
	Active        bool
}

// Outcome is what became of an action that did not end the run.
type Outcome uint8

// The outcomes.
const (
	Succeeded Outcome = 1
	Failed    Outcome = 2 // and passed over
	Skipped   Outcome = 3 // inactive
)

// Step is what became of the action at the same place.
type Step struct {
	Outcome    Outcome
	Invocation string // id; "" where it was skipped
	Result     invocation.Result
}

// Invoke calls the i-th action, which finds the changes made so far, and
// returns the invocation's id. Its error is not the script's doing, which is a
// result.
type Invoke func(ctx context.Context, i int, changes json.RawMessage) (id string, _ invocation.Result, _ error)

// Run runs actions in their order and returns what each of them did and the
// changes of all. An error means that nothing is to be applied, also not what
// actions changed that succeeded before: FAILED_PRECONDITION SCRIPTS-f41l3d, a
// refusal, or what invoke could not do.
//
// What an action changed before it failed stays where it is allowed to fail, as
// on the original platform (actions-v1 3.1).
func Run(ctx context.Context, actions []Action, invoke Invoke) ([]Step, json.RawMessage, error) {
	steps := make([]Step, len(actions))
	var changes json.RawMessage
	for i, a := range actions {
		if !a.Active {
			steps[i] = Step{Outcome: Skipped}
			continue
		}
		id, result, err := invoke(ctx, i, changes)
		if err != nil {
			return nil, nil, err
		}
		if err := ends(a, result); err != nil {
			return nil, nil, err
		}
		changes = result.Changes
		steps[i] = Step{Outcome: outcome(result), Invocation: id, Result: result}
	}
	return steps, changes, nil
}

func outcome(r invocation.Result) Outcome {
	if r.Error != nil {
		return Failed
	}
	return Succeeded
}

// ends returns the error that ends the run, nil where it goes on. To deny is
// not to fail: an action that may fail denies all the same.
func ends(a Action, r invocation.Result) error {
	switch {
	case r.Veto != nil:
		return Refusal(a.Name, *r.Veto)
	case r.Error != nil && !a.AllowedToFail:
		return fault.FailedPrecondition("action %q failed: %s", a.Name, r.Error.Message).WithID("SCRIPTS-f41l3d")
	}
	return nil
}

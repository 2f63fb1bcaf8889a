package actions

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/flow"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// gated is a change as the approval door knows it. The zero value is for what
// waits for nobody's approval.
type gated = approval.Change[*store.Tx]

// What people see of what is about to change, and what must not have moved when
// an approved change is carried out.
type (
	actionState struct {
		AllowedToFail bool          `json:"allowedToFail"`
		Confidential  []secretState `json:"confidential"` // its secrets
		ID            action.ID     `json:"id"`
		Name          string        `json:"name"`
		Script        string        `json:"script"`
		State         action.State  `json:"state"`
		Timeout       string        `json:"timeout"`
		Version       int           `json:"version"`
	}
	secretState struct {
		Name  string          `json:"name"`
		SetAt time.Time       `json:"setAt"`
		SetBy tenant.PersonID `json:"setBy"`
	}
	triggerState struct {
		Actions []action.ID `json:"actions"` // in the order they run
		Flow    string      `json:"flow"`
		Trigger string      `json:"trigger"`
	}
)

// gatedAction is a change of an action or its secrets.
func gatedAction(in store.Scope, id action.ID) gated {
	return gated{EntityType: "action", EntityID: string(id), State: func(ctx context.Context, tx *store.Tx) ([]byte, error) {
		a, err := tx.LockAction(ctx, in, id)
		if fault.CodeOf(err) == fault.CodeNotFound {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		confidential, err := secretStates(ctx, tx, in, id)
		if err != nil {
			return nil, err
		}
		return stateText(actionState{
			ID: a.ID, Name: a.Name, Script: a.Script, Timeout: a.Timeout.String(), AllowedToFail: a.AllowedToFail,
			State: a.State, Version: a.Version, Confidential: confidential,
		})
	}}
}

// gatedSecrets is a change of the secrets of all of an organization's actions.
func gatedSecrets(in store.Scope) gated {
	return gated{EntityType: "organizationSecrets", State: func(ctx context.Context, tx *store.Tx) ([]byte, error) {
		if err := tx.LockSecrets(ctx, in); err != nil {
			return nil, err
		}
		confidential, err := secretStates(ctx, tx, in, "")
		if err != nil {
			return nil, err
		}
		return stateText(map[string][]secretState{"confidential": confidential})
	}}
}

// gatedTrigger is a change of the actions of one trigger to ids.
func gatedTrigger(in store.Scope, t flow.Type, trigger flow.Trigger, ids []action.ID) gated {
	return gated{EntityType: "trigger", EntityID: t.ID() + "/" + trigger.ID(), State: func(ctx context.Context, tx *store.Tx) ([]byte, error) {
		if _, err := tx.LockExisting(ctx, in, ids); err != nil { // actions come before flows
			return nil, err
		}
		f, err := tx.LockFlow(ctx, in, t)
		if err != nil {
			return nil, err
		}
		return stateText(triggerState{Flow: t.ID(), Trigger: trigger.ID(), Actions: f.Bindings[trigger]})
	}}
}

// gatedFlow is a change of all triggers of a flow.
func gatedFlow(in store.Scope, t flow.Type) gated {
	return gated{EntityType: "flow", EntityID: t.ID(), State: func(ctx context.Context, tx *store.Tx) ([]byte, error) {
		f, err := tx.LockFlow(ctx, in, t)
		if err != nil {
			return nil, err
		}
		states := []triggerState{}
		for _, trigger := range t.Triggers() {
			states = append(states, triggerState{Flow: t.ID(), Trigger: trigger.ID(), Actions: f.Bindings[trigger]})
		}
		return stateText(states)
	}}
}

func secretStates(ctx context.Context, tx *store.Tx, in store.Scope, id action.ID) ([]secretState, error) {
	found, err := tx.Secrets(ctx, in, id)
	if err != nil {
		return nil, err
	}
	states := make([]secretState, 0, len(found))
	for _, s := range found {
		states = append(states, secretState{Name: s.Name, SetAt: s.Set, SetBy: s.By})
	}
	return states, nil
}

func stateText(state any) ([]byte, error) {
	text, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("encode the state of a change: %w", err)
	}
	return text, nil
}

package executions

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/services/executions/internal/store"
)

// listState is what people see of an execution that is about to be set, and
// what must not have moved when an approved change is carried out.
type listState struct {
	Condition string       `json:"condition"`
	Targets   []entryState `json:"targets"` // in the order they are called
}

type entryState struct {
	Include string `json:"include,omitempty"` // a condition
	Target  string `json:"target,omitempty"`
}

// gatedExecution is a change of a condition's list. One that changes nothing
// needs nobody's approval.
func gatedExecution(tenantID, conditionID string) approval.Change[*store.Tx] {
	return approval.Change[*store.Tx]{
		EntityType: "execution", EntityID: conditionID, Harmless: approval.Unchanged,
		State: func(ctx context.Context, tx *store.Tx) ([]byte, error) {
			e, ok, err := tx.Locked(ctx, tenantID, conditionID)
			if err != nil || !ok {
				return nil, err
			}
			s := listState{Condition: conditionID, Targets: []entryState{}}
			for _, entry := range e.Entries {
				s.Targets = append(s.Targets, entryState{Target: string(entry.Target), Include: entry.Include})
			}
			text, err := json.Marshal(s)
			if err != nil {
				return nil, fmt.Errorf("encode execution %s: %w", conditionID, err)
			}
			return text, nil
		},
	}
}

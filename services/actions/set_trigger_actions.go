package actions

import (
	"context"
	"time"

	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/flow"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// SetTriggerActions replaces the ordered actions of one trigger. It is checked
// in the order of the sheet, 4.4: INVALID_ARGUMENT COMMAND-Dfhj5, no such flow;
// COMMAND-Dfgh6, no such trigger in it; ours, ACTIONS-m4ny4ct10ns, more actions
// than it may have; FAILED_PRECONDITION COMMAND-Nfh52,
// nothing changes; COMMAND-dg422, an id is unknown in the organization or given
// twice.
func (h *handler) SetTriggerActions(ctx context.Context, in *managementv1.SetTriggerActionsRequest) (*managementv1.SetTriggerActionsResponse, error) {
	t, trigger := flow.ParseType(in.GetFlowType()), flow.ParseTrigger(in.GetTriggerType())
	if err := flow.Check(t, trigger); err != nil {
		return nil, err
	}
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	ids := actionIDs(in.GetActionIds())
	if len(ids) > h.config.MaxTriggerActions {
		return nil, flow.ErrManyActions
	}
	var set flow.Flow
	err = h.mutate(ctx, gatedTrigger(owner, t, trigger, ids), func(ctx context.Context, tx *store.Tx, now time.Time) error {
		existing, err := tx.LockExisting(ctx, owner, ids)
		if err != nil {
			return err
		}
		f, err := tx.LockFlow(ctx, owner, t)
		if err != nil {
			return err
		}
		if set, err = f.Set(trigger, ids, existing, now); err != nil {
			return err
		}
		return tx.SaveFlow(ctx, owner, set, trigger)
	})
	if err != nil {
		return nil, err
	}
	return &managementv1.SetTriggerActionsResponse{Details: flowDetails(owner.Organization, set)}, nil
}

func actionIDs(texts []string) []action.ID {
	ids := make([]action.ID, len(texts))
	for i, text := range texts {
		ids[i] = action.ID(text)
	}
	return ids
}

package actions

import (
	"context"
	"time"

	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/flow"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// ClearFlow empties every trigger of a flow. INVALID_ARGUMENT COMMAND-Dfw2h:
// there is no such flow; FAILED_PRECONDITION COMMAND-DgGh3: it is empty.
func (h *handler) ClearFlow(ctx context.Context, in *managementv1.ClearFlowRequest) (*managementv1.ClearFlowResponse, error) {
	t := flow.ParseType(in.GetType())
	if t == flow.Unspecified {
		return nil, flow.ErrClearTypeMissing
	}
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	var cleared flow.Flow
	err = h.mutate(ctx, gatedFlow(owner, t), func(ctx context.Context, tx *store.Tx, now time.Time) error {
		f, err := tx.LockFlow(ctx, owner, t)
		if err != nil {
			return err
		}
		if cleared, err = f.Clear(now); err != nil {
			return err
		}
		return tx.SaveFlow(ctx, owner, cleared, t.Triggers()...)
	})
	if err != nil {
		return nil, err
	}
	return &managementv1.ClearFlowResponse{Details: flowDetails(owner.Organization, cleared)}, nil
}

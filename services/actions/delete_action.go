package actions

import (
	"context"
	"time"

	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// DeleteAction deletes an action and takes it out of every flow; being bound is
// no hindrance (sheet, 0.7). NOT_FOUND COMMAND-Dgh4h.
func (h *handler) DeleteAction(ctx context.Context, in *managementv1.DeleteActionRequest) (*managementv1.DeleteActionResponse, error) {
	if in.GetId() == "" {
		return nil, idMissing("COMMAND-Gfg3g")
	}
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	err = h.mutate(ctx, gatedAction(owner, action.ID(in.GetId())), func(ctx context.Context, tx *store.Tx, now time.Time) error {
		a, err := tx.LockAction(ctx, owner, action.ID(in.GetId()))
		if err != nil {
			return err
		}
		return tx.DeleteAction(ctx, owner, a.ID, now)
	})
	if err != nil {
		return nil, missingAs(err, "COMMAND-Dgh4h")
	}
	return &managementv1.DeleteActionResponse{}, nil
}

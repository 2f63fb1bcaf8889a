package actions

import (
	"context"
	"time"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// DeleteSecret deletes a secret of an action. NOT_FOUND COMMAND-Sfg2t,
// ACTIONS-n0s3cret.
func (h *handler) DeleteSecret(ctx context.Context, in *actionplanev1.DeleteSecretRequest) (*actionplanev1.DeleteSecretResponse, error) {
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	_, err = h.changeAction(ctx, in.GetId(), noActionToChange, func(ctx context.Context, tx *store.Tx, a action.Action, _ time.Time) (action.Action, error) {
		return a, tx.DeleteSecret(ctx, owner, a.ID, in.GetName())
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.DeleteSecretResponse{}, nil
}

package actions

import (
	"context"
	"time"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// DiscardDraft deletes a draft. Its number stays taken: Latest does not go
// back. NOT_FOUND COMMAND-Sfg2t, ACTIONS-n0v3rs10n; FAILED_PRECONDITION
// ACTIONS-n0tdr4ft.
func (h *handler) DiscardDraft(ctx context.Context, in *actionplanev1.DiscardDraftRequest) (*actionplanev1.DiscardDraftResponse, error) {
	_, err := h.changeAction(ctx, in.GetId(), noActionToChange, func(ctx context.Context, tx *store.Tx, a action.Action, _ time.Time) (action.Action, error) {
		v, err := tx.Version(ctx, a.ID, in.GetVersion())
		if err != nil {
			return a, err
		}
		if err := a.Check(action.Discard, v); err != nil {
			return a, err
		}
		return a, tx.DeleteVersion(ctx, a.ID, v.Number)
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.DiscardDraftResponse{}, nil
}

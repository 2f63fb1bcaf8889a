package actions

import (
	"context"
	"time"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// SaveDraft stores a version that does not run yet. The action stays as it is,
// its sequence too. NOT_FOUND COMMAND-Sfg2t.
func (h *handler) SaveDraft(ctx context.Context, in *actionplanev1.SaveDraftRequest) (*actionplanev1.SaveDraftResponse, error) {
	content := action.Content{Name: in.GetName(), Script: in.GetScript(), Timeout: in.GetTimeout().AsDuration(), AllowedToFail: in.GetAllowedToFail()}
	wanted := h.newVersion(ctx, content, in.GetNote())
	var draft action.Version
	a, err := h.changeAction(ctx, in.GetId(), noActionToChange, func(ctx context.Context, tx *store.Tx, a action.Action, now time.Time) (_ action.Action, err error) {
		if a, draft, err = a.AddDraft(wanted, now); err != nil {
			return a, err
		}
		return a, h.addVersion(ctx, tx, a, draft)
	})
	if err != nil {
		return nil, err
	}
	h.logWarnings(ctx, a.ID, draft)
	return &actionplanev1.SaveDraftResponse{Version: versionMessage(a, draft)}, nil
}

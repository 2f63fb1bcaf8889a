package actions

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// PublishVersion lets a draft run. NOT_FOUND COMMAND-Sfg2t, ACTIONS-n0v3rs10n;
// FAILED_PRECONDITION ACTIONS-n0tdr4ft; ALREADY_EXISTS V3-DKcYh.
func (h *handler) PublishVersion(ctx context.Context, in *actionplanev1.PublishVersionRequest) (*actionplanev1.PublishVersionResponse, error) {
	m, err := h.runVersion(ctx, in.GetId(), in.GetVersion(), action.Publish)
	if err != nil {
		return nil, err
	}
	return &actionplanev1.PublishVersionResponse{Version: m}, nil
}

// runVersion lets a version run that did not, after Publish or Rollback.
func (h *handler) runVersion(ctx context.Context, id string, number uint32, e action.VersionEvent) (*actionplanev1.ActionVersion, error) {
	var run action.Version
	a, err := h.changeAction(ctx, id, noActionToChange, func(ctx context.Context, tx *store.Tx, a action.Action, now time.Time) (action.Action, error) {
		v, err := tx.Version(ctx, a.ID, number)
		if err != nil {
			return a, err
		}
		if a, run, err = a.Run(e, v, tenant.From(ctx).Person, now); err != nil {
			return a, err
		}
		return a, tx.SaveVersion(ctx, a.ID, run)
	})
	if err != nil {
		return nil, err
	}
	return versionMessage(a, run), nil
}

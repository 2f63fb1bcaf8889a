package actions

import (
	"context"
	"time"

	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// UpdateAction replaces an action's whole content; what the request leaves out
// becomes zero. The content becomes a new version, published at once. NOT_FOUND
// COMMAND-Sfg2t; FAILED_PRECONDITION ACTION-dg4t2: nothing changes;
// ALREADY_EXISTS V3-DKcYh: another has the name.
func (h *handler) UpdateAction(ctx context.Context, in *managementv1.UpdateActionRequest) (*managementv1.UpdateActionResponse, error) {
	content := action.Content{Name: in.GetName(), Script: in.GetScript(), Timeout: in.GetTimeout().AsDuration(), AllowedToFail: in.GetAllowedToFail()}
	wanted := h.newVersion(ctx, content, "")
	var released action.Version
	a, err := h.changeAction(ctx, in.GetId(), noActionToChange, func(ctx context.Context, tx *store.Tx, a action.Action, now time.Time) (_ action.Action, err error) {
		if a, released, err = a.Release(wanted, now); err != nil {
			return a, err
		}
		return a, h.addVersion(ctx, tx, a, released)
	})
	if err != nil {
		return nil, err
	}
	h.logWarnings(ctx, a.ID, released)
	return &managementv1.UpdateActionResponse{Details: actionDetails(a)}, nil
}

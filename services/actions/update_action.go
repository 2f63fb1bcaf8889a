package actions

import (
	"context"
	"time"

	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// UpdateAction replaces an action's whole content; what the request leaves out
// becomes zero. A changed script becomes a new version. NOT_FOUND
// COMMAND-Sfg2t; FAILED_PRECONDITION ACTION-dg4t2: nothing changes;
// ALREADY_EXISTS V3-DKcYh: another has the name.
func (h *handler) UpdateAction(ctx context.Context, in *managementv1.UpdateActionRequest) (*managementv1.UpdateActionResponse, error) {
	content := action.Content{Name: in.GetName(), Script: in.GetScript(), Timeout: in.GetTimeout().AsDuration(), AllowedToFail: in.GetAllowedToFail()}
	a, err := h.changeAction(ctx, in.GetId(), "COMMAND-Sfg2t", func(a action.Action, now time.Time) (action.Action, error) {
		return a.Replace(content, now)
	})
	if err != nil {
		return nil, err
	}
	return &managementv1.UpdateActionResponse{Details: actionDetails(a)}, nil
}

package actions

import (
	"context"

	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// DeactivateAction stops an action from being run; it stays bound to its flows.
// NOT_FOUND COMMAND-NRmhu; FAILED_PRECONDITION COMMAND-Dgj92: it is not active.
func (h *handler) DeactivateAction(ctx context.Context, in *managementv1.DeactivateActionRequest) (*managementv1.DeactivateActionResponse, error) {
	a, err := h.moveAction(ctx, in.GetId(), "COMMAND-DAhk5", "COMMAND-NRmhu", action.Deactivate)
	if err != nil {
		return nil, err
	}
	return &managementv1.DeactivateActionResponse{Details: actionDetails(a)}, nil
}

package actions

import (
	"context"

	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// ReactivateAction lets an action run again. NOT_FOUND COMMAND-Aa22g;
// FAILED_PRECONDITION COMMAND-J53zh: it is not inactive.
func (h *handler) ReactivateAction(ctx context.Context, in *managementv1.ReactivateActionRequest) (*managementv1.ReactivateActionResponse, error) {
	a, err := h.moveAction(ctx, in.GetId(), "COMMAND-BNm56", "COMMAND-Aa22g", action.Reactivate)
	if err != nil {
		return nil, err
	}
	return &managementv1.ReactivateActionResponse{Details: actionDetails(a)}, nil
}

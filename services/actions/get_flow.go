package actions

import (
	"context"

	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/flow"
)

// GetFlow returns a flow with the actions of its triggers. A flow that nobody
// touched or knows is an empty one, never NOT_FOUND (sheet, 1.6).
func (h *handler) GetFlow(ctx context.Context, in *managementv1.GetFlowRequest) (*managementv1.GetFlowResponse, error) {
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	f, bound, err := h.store.Flow(ctx, owner, flow.ParseType(in.GetType()))
	if err != nil {
		return nil, err
	}
	return &managementv1.GetFlowResponse{Flow: flowMessage(owner.Organization, f, bound)}, nil
}

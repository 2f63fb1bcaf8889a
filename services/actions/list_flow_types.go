package actions

import (
	"context"

	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/flow"
)

// ListFlowTypes returns the flows there are; they never change.
func (h *handler) ListFlowTypes(context.Context, *managementv1.ListFlowTypesRequest) (*managementv1.ListFlowTypesResponse, error) {
	out := &managementv1.ListFlowTypesResponse{}
	for _, t := range flow.Types() {
		out.Result = append(out.Result, flowTypeMessage(t))
	}
	return out, nil
}

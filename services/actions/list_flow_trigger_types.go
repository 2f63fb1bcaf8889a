package actions

import (
	"context"

	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/flow"
)

// ListFlowTriggerTypes returns the triggers of a flow; they never change.
// NOT_FOUND MANAG-P2OBk: there is no such flow.
func (h *handler) ListFlowTriggerTypes(_ context.Context, in *managementv1.ListFlowTriggerTypesRequest) (*managementv1.ListFlowTriggerTypesResponse, error) {
	t := flow.ParseType(in.GetType())
	if t == flow.Unspecified {
		return nil, flow.ErrNoType
	}
	out := &managementv1.ListFlowTriggerTypesResponse{}
	for _, trigger := range t.Triggers() {
		out.Result = append(out.Result, triggerTypeMessage(trigger))
	}
	return out, nil
}

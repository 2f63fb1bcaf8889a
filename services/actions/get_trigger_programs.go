package actions

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	"github.com/actionplane/actionplane/services/actions/internal/flow"
)

// GetTriggerPrograms returns what is needed to run a trigger of a flow of
// whichever of the tenant's organizations. NOT_FOUND MANAG-P2OBk;
// INVALID_ARGUMENT COMMAND-Dfgh6; INTERNAL ACTIONS-b4ds3cret.
func (h *handler) GetTriggerPrograms(ctx context.Context, in *actionsv1.GetTriggerProgramsRequest) (*actionsv1.GetTriggerProgramsResponse, error) {
	t, trigger := flow.ParseType(in.GetFlowType()), flow.ParseTrigger(in.GetTriggerType())
	if t == flow.Unspecified {
		return nil, flow.ErrNoType
	}
	if err := flow.Check(t, trigger); err != nil {
		return nil, err
	}
	if in.GetOrganizationId() != "" {
		who := tenant.From(ctx)
		who.Organization = tenant.OrganizationID(in.GetOrganizationId())
		ctx = tenant.With(ctx, who)
	}
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	programs, err := h.store.TriggerPrograms(ctx, owner, t, trigger)
	if err != nil {
		return nil, err
	}
	out := &actionsv1.GetTriggerProgramsResponse{}
	for _, p := range programs {
		m, err := h.programMessage(owner.Tenant, p)
		if err != nil {
			return nil, err
		}
		out.Programs = append(out.Programs, m)
	}
	return out, nil
}

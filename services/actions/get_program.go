package actions

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/tenant"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// GetProgram returns what is needed to run an action of whichever of the
// tenant's organizations. An inactive one is returned too, and says so.
// NOT_FOUND QUERY-GEfnb.
func (h *handler) GetProgram(ctx context.Context, in *actionsv1.GetProgramRequest) (*actionsv1.GetProgramResponse, error) {
	a, err := h.store.TenantAction(ctx, tenant.From(ctx).Tenant, action.ID(in.GetActionId()))
	if err != nil {
		return nil, missingAs(err, noAction)
	}
	return &actionsv1.GetProgramResponse{
		ActionId:       string(a.ID),
		OrganizationId: string(a.Organization),
		Name:           a.Name,
		Script:         a.Script,
		Timeout:        durationpb.New(action.EffectiveTimeout(a.Timeout)),
		AllowedToFail:  a.AllowedToFail,
		Active:         a.State == action.Active,
	}, nil
}

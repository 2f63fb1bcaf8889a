package actions

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// GetProgram returns what is needed to run an action of whichever of the
// tenant's organizations, of the version that is asked for. An inactive one is
// returned too, and says so. NOT_FOUND QUERY-GEfnb, ACTIONS-n0v3rs10n; INTERNAL
// ACTIONS-b4ds3cret.
func (h *handler) GetProgram(ctx context.Context, in *actionsv1.GetProgramRequest) (*actionsv1.GetProgramResponse, error) {
	who := tenant.From(ctx)
	p, err := h.store.Program(ctx, who.Tenant, action.ID(in.GetActionId()), in.GetVersion())
	if err != nil {
		return nil, missingAs(err, noAction)
	}
	return h.programMessage(who.Tenant, p)
}

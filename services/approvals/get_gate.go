package approvals

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	approvalsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/approvals/v1"
)

// GetGate says whether gated changes of the caller's organization wait.
func (h *handlers) GetGate(ctx context.Context, _ *approvalsv1.GetGateRequest) (*approvalsv1.GetGateResponse, error) {
	who := tenant.From(ctx)
	if who.Organization == "" {
		enabled, err := h.store.AnyEnabled(ctx, who.Tenant)
		return &approvalsv1.GetGateResponse{Enabled: enabled}, err
	}
	current, err := h.effectiveSettings(ctx, who)
	if err != nil {
		return nil, err
	}
	return &approvalsv1.GetGateResponse{Enabled: current.Enabled}, nil
}

package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

// GetOrganization returns an organization.
func (h *handlers) GetOrganization(ctx context.Context, in *actionplanev1.GetOrganizationRequest) (*actionplanev1.GetOrganizationResponse, error) {
	id, err := organizationOf(in.GetOrganizationId())
	if err != nil {
		return nil, err
	}
	found, err := h.store.Organization(ctx, tenant.From(ctx).Tenant, id)
	if err != nil {
		return nil, orNoOrganization(err)
	}
	return &actionplanev1.GetOrganizationResponse{Organization: organizationToProto(found)}, nil
}

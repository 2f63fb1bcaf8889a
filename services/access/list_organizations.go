package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// ListOrganizations returns a page of the organizations that exist for the
// caller.
func (h *handlers) ListOrganizations(ctx context.Context, in *actionplanev1.ListOrganizationsRequest) (*actionplanev1.ListOrganizationsResponse, error) {
	page, err := pageOf(in.GetLimit(), in.GetAfter())
	if err != nil {
		return nil, err
	}
	who := callerOf(ctx)
	found, err := h.store.Organizations(ctx, who.Tenant, store.OrganizationQuery{
		Name:   in.GetName(),
		All:    len(who.instance) > 0,
		Member: who.Person,
		Also:   who.claimed(),
		Page:   page,
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.ListOrganizationsResponse{Organizations: each(found.Items, organizationToProto), Total: found.Total}, nil
}

// claimed returns the organization that the call is about where the caller
// holds a role in it, perhaps one that only his token names; "" where not.
func (c caller) claimed() tenant.OrganizationID {
	if len(c.all) == 0 {
		return ""
	}
	return c.Organization
}

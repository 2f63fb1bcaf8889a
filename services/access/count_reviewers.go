package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	"github.com/actionplane/actionplane/services/access/internal/role"
)

// CountReviewers counts the humans who may review in an organization: its
// owners and admins, and the instance owners. NOT_FOUND: no such organization.
func (h *handlers) CountReviewers(ctx context.Context, in *accessv1.CountReviewersRequest) (*accessv1.CountReviewersResponse, error) {
	organization, err := organizationOf(in.GetOrganizationId())
	if err != nil {
		return nil, err
	}
	n, err := h.store.CountHumansWithRole(ctx, tenant.From(ctx).Tenant, organization, role.Reviewers())
	if err != nil {
		return nil, orNoOrganization(err)
	}
	return &accessv1.CountReviewersResponse{Reviewers: n}, nil
}

// organizationOf reads the id of an organization; what is no id is nobody's.
func organizationOf(id string) (tenant.OrganizationID, error) {
	if !ident.IsUUID(id) {
		return "", noOrganization()
	}
	return tenant.OrganizationID(id), nil
}

// orNoOrganization replaces what the store says of an organization that it
// does not know.
func orNoOrganization(err error) error {
	if fault.CodeOf(err) == fault.CodeNotFound {
		return noOrganization()
	}
	return err
}

// noOrganization is what the edge says of an organization that does not exist
// for the caller, so that nobody tells the two apart.
func noOrganization() error { return fault.NotFound("organization not found").WithReason("not_found") }

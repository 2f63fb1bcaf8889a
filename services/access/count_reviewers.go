package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	"github.com/actionplane/actionplane/services/access/internal/role"
)

// CountReviewers counts the people who may review in an organization: its
// owners and admins, and the instance owners. NOT_FOUND: no such organization.
func (h *handlers) CountReviewers(ctx context.Context, in *accessv1.CountReviewersRequest) (*accessv1.CountReviewersResponse, error) {
	missing := fault.NotFound("organization not found")
	if !ident.IsUUID(in.GetOrganizationId()) {
		return nil, missing
	}
	n, err := h.store.CountPeopleWithRole(ctx, tenant.From(ctx).Tenant, tenant.OrganizationID(in.GetOrganizationId()), role.Reviewers())
	if fault.CodeOf(err) == fault.CodeNotFound {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	return &accessv1.CountReviewersResponse{Reviewers: n}, nil
}

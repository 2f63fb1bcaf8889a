package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	"github.com/actionplane/actionplane/services/access/internal/role"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// ListReviewers returns the humans who may review in an organization, by id:
// one entry for each account. Roles that only a token of an OIDC issuer names
// make nobody a reviewer: nobody could ask for them again when votes are
// counted.
func (h *handlers) ListReviewers(ctx context.Context, in *accessv1.ListReviewersRequest) (*accessv1.ListReviewersResponse, error) {
	organization, err := organizationOf(in.GetOrganizationId())
	if err != nil {
		return nil, err
	}
	found, err := h.store.HumansWithRole(ctx, tenant.From(ctx).Tenant, organization, role.Reviewers())
	if err != nil {
		return nil, orNoOrganization(err)
	}
	out := &accessv1.ListReviewersResponse{}
	for _, r := range found {
		out.Reviewers = append(out.Reviewers, reviewerToProto(r))
	}
	return out, nil
}

func reviewerToProto(r store.Reviewer) *accessv1.Reviewer {
	return &accessv1.Reviewer{
		PersonId:         string(r.ID),
		CanonicalHumanId: string(r.Human),
		Name:             r.Name,
		Email:            r.Email,
		Roles:            names(role.Distinct(r.Roles)),
	}
}

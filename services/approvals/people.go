package approvals

import (
	"context"
	"slices"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
)

// people asks access who somebody is now and what he may do in who's
// organization. There is no answer to fall back on: without access, nobody is
// anybody.
func (h *handlers) people(ctx context.Context, who tenant.Identity, ids ...string) (request.People, error) {
	ctx, cancel := context.WithTimeout(tenant.With(ctx, who), h.cfg.AccessTimeout)
	defer cancel()
	slices.Sort(ids)
	ids = slices.Compact(ids)
	out, err := h.access.GetEligibility(ctx, &accessv1.GetEligibilityRequest{OrganizationId: string(who.Organization), PersonIds: ids})
	if fault.CodeOf(err) == fault.CodeNotFound {
		return nil, organizationNotFound()
	}
	if err != nil {
		return nil, fault.Unavailable("who may decide cannot be found out now").Because(err)
	}
	people := request.People{}
	for _, p := range out.GetPeople() {
		people[p.GetPersonId()] = request.Person{
			ID: p.GetPersonId(), Human: p.GetCanonicalHumanId(), Controllers: p.GetControllerHumanIds(),
			Name: p.GetName(), Email: p.GetEmail(), Roles: p.GetRoles(),
			Active: p.GetExists() && p.GetActive(), Reviewer: p.GetReviewer() && p.GetHuman() && p.GetActive(),
		}
	}
	return people, nil
}

// reviewers returns who may review in an organization.
func (h *handlers) reviewers(ctx context.Context, who tenant.Identity) ([]request.Person, error) {
	ctx, cancel := context.WithTimeout(tenant.With(ctx, who), h.cfg.AccessTimeout)
	defer cancel()
	out, err := h.access.ListReviewers(ctx, &accessv1.ListReviewersRequest{OrganizationId: string(who.Organization)})
	if err != nil {
		return nil, fault.Unavailable("the organization's reviewers cannot be listed now").Because(err)
	}
	var found []request.Person
	for _, p := range out.GetReviewers() {
		found = append(found, request.Person{
			ID: p.GetPersonId(), Human: p.GetCanonicalHumanId(), Name: p.GetName(), Email: p.GetEmail(),
			Roles: p.GetRoles(), Active: true, Reviewer: true,
		})
	}
	return found, nil
}

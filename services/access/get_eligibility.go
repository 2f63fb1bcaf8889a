package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	"github.com/actionplane/actionplane/services/access/internal/role"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// maxPeople is how many people GetEligibility looks up at once.
const maxPeople = 1000

// GetEligibility says who people are now and whether they may review in an
// organization, in the order in which they are asked for.
func (h *handlers) GetEligibility(ctx context.Context, in *accessv1.GetEligibilityRequest) (*accessv1.GetEligibilityResponse, error) {
	organization, err := organizationOf(in.GetOrganizationId())
	if err != nil {
		return nil, err
	}
	if len(in.GetPersonIds()) > maxPeople {
		return nil, fault.Invalid("person_ids: at most %d", maxPeople)
	}
	found, err := h.store.PeopleIn(ctx, tenant.From(ctx).Tenant, organization, personIDs(in.GetPersonIds()))
	if err != nil {
		return nil, orNoOrganization(err)
	}
	known := make(map[string]store.Reviewer, len(found))
	for _, r := range found {
		known[string(r.ID)] = r
	}
	out := &accessv1.GetEligibilityResponse{}
	for _, id := range in.GetPersonIds() {
		r, exists := known[id]
		out.People = append(out.People, eligibility(id, exists, r))
	}
	return out, nil
}

// personIDs returns those that are ids.
func personIDs(texts []string) []tenant.PersonID {
	ids := make([]tenant.PersonID, 0, len(texts))
	for _, text := range texts {
		if ident.IsUUID(text) {
			ids = append(ids, tenant.PersonID(text))
		}
	}
	return ids
}

func eligibility(id string, exists bool, r store.Reviewer) *accessv1.Eligibility {
	isHuman := r.Human != ""
	return &accessv1.Eligibility{
		PersonId:           id,
		Exists:             exists,
		Active:             r.Active,
		Human:              isHuman,
		Reviewer:           r.Active && isHuman && role.Reviews(r.Roles),
		Roles:              names(role.Distinct(r.Roles)),
		CanonicalHumanId:   string(r.Human),
		Name:               r.Name,
		Email:              r.Email,
		ControllerHumanIds: names(r.Controllers),
	}
}

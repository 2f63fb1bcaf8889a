package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

// GetPerson returns a person whose own organization it is, or who holds a role
// in it.
func (h *handlers) GetPerson(ctx context.Context, in *actionplanev1.GetPersonRequest) (*actionplanev1.GetPersonResponse, error) {
	organization, err := organizationOf(in.GetOrganizationId())
	if err != nil {
		return nil, err
	}
	id, err := personOf(in.GetPersonId())
	if err != nil {
		return nil, err
	}
	found, err := h.store.PersonIn(ctx, tenant.From(ctx).Tenant, organization, id)
	if err != nil {
		return nil, orNoPerson(err)
	}
	return &actionplanev1.GetPersonResponse{Person: personToProto(found)}, nil
}

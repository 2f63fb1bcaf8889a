package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/role"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// GetMe says who the caller is and what he may do. Roles are those that the
// edge admitted him with.
func (h *handlers) GetMe(ctx context.Context, _ *actionplanev1.GetMeRequest) (*actionplanev1.GetMeResponse, error) {
	who := callerOf(ctx)
	if who.Person == "" { // an internal service, which is nobody
		return nil, noPerson()
	}
	p, err := h.store.Person(ctx, who.Tenant, who.Person)
	if err != nil {
		return nil, orNoPerson(err)
	}
	memberships, err := h.store.Memberships(ctx, who.Tenant, who.Person)
	if err != nil {
		return nil, err
	}
	return &actionplanev1.GetMeResponse{
		Person:                  personToProto(p),
		OrganizationId:          string(who.Organization),
		Roles:                   names(role.Distinct(who.all)),
		InstancePermissions:     names(role.Granted(who.instance)),
		OrganizationPermissions: names(who.organizationPermissions()),
		Memberships:             each(memberships, membershipToProto),
	}, nil
}

// organizationPermissions are none where the call is about no organization.
func (c caller) organizationPermissions() []role.Permission {
	if c.Organization == tenant.OrganizationID("") {
		return nil
	}
	return role.Granted(c.all)
}

func membershipToProto(m store.Membership) *actionplanev1.Membership {
	return &actionplanev1.Membership{
		OrganizationId:   string(m.Organization),
		OrganizationName: m.Name,
		Roles:            names(m.Roles),
	}
}

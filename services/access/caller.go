package access

import (
	"context"
	"slices"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/access/internal/role"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// idRoles is ours: somebody tried to reach above himself.
const idRoles = "AUTH-R0l3s"

// caller is on whose behalf a call is made, as the edge knows him. His roles
// may be as old as the edge's memory of him.
type caller struct {
	tenant.Identity
	instance []role.Role
	// all holds in Organization, those of the instance included.
	all []role.Role
}

func callerOf(ctx context.Context) caller {
	c := caller{Identity: tenant.From(ctx)}
	for _, name := range c.Roles {
		r := role.Role(name)
		c.all = append(c.all, r)
		if r.OfInstance() {
			c.instance = append(c.instance, r)
		}
	}
	return c
}

// in returns the caller's roles that hold in an organization, or in the
// instance where that is "".
func (c caller) in(organization tenant.OrganizationID) []role.Role {
	if organization != "" && organization == c.Organization {
		return c.all
	}
	return c.instance
}

// mayReplace refuses to give or take roles that are above the caller's.
func (c caller) mayReplace(in tenant.OrganizationID, before, after []role.Role) error {
	if !role.MayReplace(c.in(in), before, after) {
		return aboveCaller()
	}
	return nil
}

// mayCommand refuses what would let the caller act as somebody, or lock out
// somebody, who holds anywhere what the caller does not.
func (c caller) mayCommand(memberships []store.Membership) error {
	above := slices.ContainsFunc(memberships, func(m store.Membership) bool {
		return !role.MayReplace(c.in(m.Organization), m.Roles, nil)
	})
	if above {
		return aboveCaller()
	}
	return nil
}

func aboveCaller() error {
	return fault.PermissionDenied("This takes roles that you do not hold").WithID(idRoles)
}

// Package role says what the holders of a role may do, and who of them may
// review what others ask for. It is the one place where roles become
// permissions.
//
//	role              held in        organization's  approval      people,   its name,        targets, executions,
//	                                 actions, flows  settings      members   others' tokens   runs, events, hooks
//	IAM_OWNER         the instance   all, in each    all           all       all              all
//	IAM_OWNER_VIEWER  the instance   read, in each   read          read      read             read
//	IAM_ORG_MANAGER   the instance   all, in each    read          all       name             -
//	ORG_OWNER         organization   all             all           all       all              -
//	ORG_ADMIN         organization   all             read          all       read             -
//	ORG_DEVELOPER     organization   all             read          read      read             -
//	ORG_VIEWER        organization   read            read          read      read             -
//
// IAM_OWNER and IAM_ORG_MANAGER make and end organizations. Members of the
// instance and OIDC issuers are IAM_OWNER's alone. Nobody gives or takes a role
// that could do what his own cannot, see Within.
//
// ORG_OWNER_VIEWER, ZITADEL's name, is another word for ORG_VIEWER. An admin,
// unlike a developer, manages people and reviews. A role that is not in
// the table, ZITADEL's others among them, grants nothing.
package role

import (
	"slices"
	"strings"
)

// Role is the name of a role.
type Role string

// The roles.
const (
	InstanceOwner       Role = "IAM_OWNER"
	InstanceViewer      Role = "IAM_OWNER_VIEWER"
	OrganizationManager Role = "IAM_ORG_MANAGER"
	Owner               Role = "ORG_OWNER"
	Admin               Role = "ORG_ADMIN"
	Developer           Role = "ORG_DEVELOPER"
	Viewer              Role = "ORG_VIEWER"
)

// ownerViewer is ZITADEL's name for Viewer.
const ownerViewer Role = "ORG_OWNER_VIEWER"

// All returns every role, aliases left out.
func All() []Role {
	return []Role{InstanceOwner, InstanceViewer, OrganizationManager, Owner, Admin, Developer, Viewer}
}

// Reviewers returns the roles whose holders may decide on what others ask for:
// those of an organization in it, those of the instance everywhere.
func Reviewers() []Role { return []Role{InstanceOwner, Owner, Admin} }

// Reviews reports whether one of the roles lets its holder decide on what
// others ask for.
func Reviews(roles []Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(Reviewers(), r.Canonical()) })
}

// Aliases returns the other names of a role.
func (r Role) Aliases() []Role {
	if r == Viewer {
		return []Role{ownerViewer}
	}
	return nil
}

// Exists reports whether r, perhaps an alias, is a role.
func (r Role) Exists() bool { return slices.Contains(All(), r.Canonical()) }

// OfInstance reports whether r is held in the instance. Source of the prefix:
// ZITADEL's names.
func (r Role) OfInstance() bool { return strings.HasPrefix(string(r), "IAM_") }

// Within reports whether who holds the roles could do by them all that r
// lets its holder do, reviewing included: only then he may give r to somebody,
// or take it away. It is a partial order: an admin is within an owner, but no
// reviewer is within a manager of organizations, who reviews nothing.
//
// A role that is none is within any: it grants nothing.
func (r Role) Within(held []Role) bool {
	if Reviews([]Role{r}) && !Reviews(held) {
		return false
	}
	granted := Granted(held)
	return !slices.ContainsFunc(r.Permissions(), func(p Permission) bool {
		_, ok := slices.BinarySearch(granted, p)
		return !ok
	})
}

// Canonical returns the role that r is another word for, and r itself where it
// is not an alias.
func (r Role) Canonical() Role {
	if r == ownerViewer {
		return Viewer
	}
	return r
}

// Permissions returns what a role grants where it is held, in no particular
// order.
func (r Role) Permissions() []Permission {
	switch r.Canonical() {
	case InstanceOwner:
		return slices.Concat(instanceReads(), instanceWrites(), Owner.Permissions())
	case InstanceViewer:
		return slices.Concat(instanceReads(), Viewer.Permissions())
	case OrganizationManager:
		return append(Admin.Permissions(), OrganizationWrite, OrganizationManage)
	case Owner:
		return append(Admin.Permissions(), OrganizationWrite, ApprovalSettingsWrite, TokenWrite)
	case Admin:
		return append(Developer.Permissions(), peopleWrites()...)
	case Developer:
		return slices.Concat(organizationReads(), organizationWrites())
	case Viewer:
		return organizationReads()
	}
	return nil
}

// Granted returns what the roles grant together: sorted, each once.
func Granted(roles []Role) []Permission {
	var all []Permission
	for _, r := range roles {
		all = append(all, r.Permissions()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Distinct returns the roles under their canonical names: sorted, each once.
func Distinct(roles []Role) []Role {
	all := make([]Role, 0, len(roles))
	for _, r := range roles {
		all = append(all, r.Canonical())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// MayReplace reports whether who holds some roles may replace those that
// somebody has by others: all that is given or taken must be Within. What stays
// is nobody's business.
func MayReplace(held, before, after []Role) bool {
	before, after = Distinct(before), Distinct(after)
	for _, r := range slices.Concat(before, after) {
		changes := slices.Contains(before, r) != slices.Contains(after, r)
		if changes && !r.Within(held) {
			return false
		}
	}
	return true
}

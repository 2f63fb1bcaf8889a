// Package role says what the holders of a role may do, and who of them may
// review what others ask for. It is the one place where roles become
// permissions.
//
//	role              held in        organization's actions,  approval      targets, executions,
//	                                 flows                    settings      runs, events, hooks
//	IAM_OWNER         the instance   all, in each             all, in each  all
//	IAM_OWNER_VIEWER  the instance   read, in each            read          read
//	IAM_ORG_MANAGER   the instance   all, in each             read          -
//	ORG_OWNER         organization   all                      all           -
//	ORG_ADMIN         organization   all                      read          -
//	ORG_DEVELOPER     organization   all                      read          -
//	ORG_VIEWER        organization   read                     read          -
//
// ORG_OWNER_VIEWER, ZITADEL's name, is another word for ORG_VIEWER. What sets
// an admin apart from a developer is that he reviews. A role that is not in
// the table, ZITADEL's others among them, grants nothing.
package role

import "slices"

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
	case Owner:
		return append(Admin.Permissions(), ApprovalSettingsWrite)
	case OrganizationManager, Admin, Developer:
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

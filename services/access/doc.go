// Package access knows who somebody is and what he may do: organizations,
// people, the roles they hold, and the tokens they show.
//
// # In and out
//
//	in   actionplane.access.v1.rpc.authenticate      the gateway, for every call it does not remember
//	in   actionplane.access.v1.rpc.count_reviewers   approvals, before it takes a threshold
//	out  nothing
//
// # Tables
//
//	tenants         one exists from the start, tenant.Default
//	organizations   of a tenant
//	people          of a tenant; each has an organization of his own, which a call is about that names none
//	memberships     a role of a person, in an organization or in the instance (the tenant as a whole)
//	tokens          the SHA-256 of a token, who holds it, until when
//
// Package role says which permissions a role grants. The gateway compares
// them with what a method asks for; owners of resources check no permissions.
//
// # A token
//
//	(none) --create--> live --time--> expired
//	                   live, expired --revoke--> revoked
//
// An unknown, an expired and a revoked token are told apart by nobody: one
// look-up finds live ones, and everything else gets the same answer. So are
// an organization that does not exist and one in which the caller holds no
// role: PERMISSION_DENIED AUTH-Bs7Ds.
//
// # The first start
//
// Run begins the tenant: its first organization, an instance owner, and that
// owner's token, the value of ACTIONPLANE_ADMIN_TOKEN. Replicas may start
// together. On later starts the variable is still the truth: another value
// replaces the token and the old one stops working; the same value leaves it,
// and brings it back if it was revoked; no value leaves things as they are.
//
// # When a neighbour is away
//
//	Postgres   calls fail with UNAVAILABLE; the gateway goes on for those it remembers
//	NATS       nobody can ask; calls arrive again once it is back
package access

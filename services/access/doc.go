// Package access knows who somebody is and what he may do: organizations,
// people, the roles they hold, the tokens they show, and the OIDC issuers that
// vouch for them.
//
// # In and out
//
//	in   actionplane.access.v1.rpc.authenticate      the gateway, for every call it does not remember
//	in   actionplane.access.v1.rpc.count_reviewers   approvals, before it takes a threshold
//	in   actionplane.access.v1.rpc.list_reviewers    approvals, for who may decide
//	in   actionplane.access.v1.rpc.get_eligibility   approvals, for who may still decide, and who is who
//	in   actionplane.access.v1.rpc.*                 the public API: OrganizationService, PersonService,
//	                                                 MemberService, TokenService, IssuerService
//	out  actionplane.changes.v1.<tenant>.*           changes of "organization", "person", "member" and "token" (whose
//	                                                 id is the person's), and "issuer"
//	out  actionplane.approvals.v1.rpc.*              before gated changes: whether they must wait (libs/approval)
//	out  stream APPROVALS                            gated changes that were made at once
//	out  HTTP                                        discovery documents and keys of OIDC issuers
//
// # Tables
//
//	tenants         one exists from the start, tenant.Default
//	organizations   of a tenant
//	people          of a tenant, humans and machines; each has an organization of his own, which manages him and
//	                which a call is about that names none
//	memberships     a role of a person, in an organization or in the instance (the tenant as a whole)
//	tokens          the SHA-256 of a token, who holds it, who made it, until when
//	identities      who a subject of an OIDC issuer is
//	issuers         OIDC issuers beside that of the configuration
//	outbox          changes that are on their way to the feed
//	approved_changes  libs/approval's: approved requests that were carried out
//
// Package role says which permissions a role grants. The gateway compares
// them with what a method asks for; owners of resources check no permissions.
// What the gateway cannot know is checked here: nobody gives, takes, or acts
// through what his own roles do not cover (AUTH-R0l3s), and the instance keeps
// one human who owns it.
//
// Changes of people, roles, organizations and issuers wait where the caller's
// organization requires approvals. Tokens do not: a token that is made later
// could be shown to nobody. Instead, while any organization requires approvals,
// nobody makes a token for a human who can sign in already, and so could decide.
//
// # An organization
//
//	active <--deactivate, reactivate--> inactive --delete--> deleted
//
// An inactive one exists for roles of the instance alone. Of a deleted one the
// id stays, for ever: other rooms keep things under it, which nobody reaches
// any more. The first organization stays active.
//
// # A person
//
//	active <--deactivate, reactivate--> inactive
//	active, inactive --delete--> deleted
//
// One human is one person: no two have the same address, whatever the case.
// Addresses that reach the same human though they differ, because of a tag or,
// at Google, of dots, are kept apart but known to be his (people.canonical_email):
// reviews count humans. Machines have no address and never review.
//
// # A token
//
//	(none) --create--> live --time--> expired
//	                   live, expired --revoke--> revoked
//
// An unknown, an expired and a revoked token, and one whose holder is locked
// out, are told apart by nobody: one look-up finds live ones, and everything
// else gets the same answer. So are an organization that does not exist and one
// in which the caller holds no role: PERMISSION_DENIED AUTH-Bs7Ds, by the very
// same statements.
//
// A bearer token that is a JSON Web Token of a known issuer is checked by the
// issuer's keys (package oidc). Its subject is made somebody at the first sight
// (provision). Roles that the token names hold beside the stored ones, in that
// call; they are not stored and make nobody a reviewer, because nobody could ask
// for them again when votes are counted.
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
//	Postgres      calls fail with UNAVAILABLE; the gateway goes on for those it remembers
//	NATS          nobody can ask; calls arrive again once it is back
//	approvals     gated changes are UNAVAILABLE, unless the organization was known to require no approvals
//	OIDC issuer   its known keys go on working for ACTIONPLANE_OIDC_KEYS_MAX_AGE; without any, UNAVAILABLE
package access

// Package tenant says for whom a piece of work is done: the tenant (the APIs'
// "instance"), the organization, and the person who asks. It travels in the
// context inside a process and, by package bus, in message headers between
// processes. It carries facts, not rights: rights are decided once, at the
// edge, from the method's declared permission.
package tenant

import "context"

// Default is the tenant that exists from the start.
const Default ID = "00000000-0000-4000-8000-000000000001"

// ID names a tenant: a lower-case UUID.
type ID string

// OrganizationID names an organization within a tenant: a lower-case UUID.
type OrganizationID string

// PersonID names a person: a lower-case UUID.
type PersonID string

// Identity is on whose behalf a call is made.
type Identity struct {
	Tenant       ID
	Organization OrganizationID // the organization the call is about
	Person       PersonID       // empty for internal services
	Roles        []string       // role names that hold for Organization, instance roles included
}

type identityKey struct{}

// With returns a context that carries id.
func With(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

// From returns the identity in ctx. A context without one belongs to the
// default tenant and to nobody.
func From(ctx context.Context) Identity {
	if id, ok := ctx.Value(identityKey{}).(Identity); ok {
		return id
	}
	return Identity{Tenant: Default}
}

// Package contract is what generated code and hand-written code agree on: the
// description of a method, taken from its proto options, and the two small
// interfaces that a transport implements to carry calls. It imports nothing
// but protobuf, so that the SDK stays light.
package contract

import (
	"context"
	"strings"

	"google.golang.org/protobuf/proto"
)

// Permissions with a meaning of their own.
const (
	// Authenticated is held by every caller with a valid token.
	Authenticated = "authenticated"
	// Public methods may be called by anybody, without a token.
	Public = "public"
	// Internal methods are never offered at the edge.
	Internal = "internal"
)

// Scope says where a permission must hold.
type Scope uint8

// The scopes, numbered as in contract.proto.
const (
	ScopeUnspecified Scope = iota
	ScopeInstance
	ScopeOrganization
)

// Gate names what a method asks approval for, where an organization requires
// approvals.
type Gate struct {
	Category    string
	DisplayName string
}

// Method is the contract of one RPC.
type Method struct {
	// FullName is "/pkg.Service/Method".
	FullName string
	// Subject is the bus subject, without the tenant.
	Subject string
	// Permission the caller must hold.
	Permission string
	Scope      Scope
	// OrganizationField is the request field that names the organization;
	// empty: header or caller decide.
	OrganizationField string
	// TimeoutField is the request field, a Duration, in which the caller says
	// how long the call may take; empty: the transport alone says.
	TimeoutField string
	// SuccessStatus is the HTTP status of a success on REST.
	SuccessStatus int
	// Gate is nil where no approval is ever asked for.
	Gate *Gate
}

// Owner returns the service that serves the method: the second token of the
// subject.
func (m *Method) Owner() string {
	_, rest, _ := strings.Cut(m.Subject, ".")
	owner, _, _ := strings.Cut(rest, ".")
	return owner
}

// Caller carries a call to the owner of the method and fills resp. Errors are
// classified (see package fault in libs).
type Caller interface {
	Call(ctx context.Context, m *Method, req, resp proto.Message) error
}

// Handler serves one method.
type Handler func(ctx context.Context, req proto.Message) (proto.Message, error)

// Registrar takes the handlers of an owner.
type Registrar interface {
	Register(m *Method, newRequest func() proto.Message, h Handler)
}

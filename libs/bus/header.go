package bus

import (
	"context"
	"net/textproto"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/propagation"

	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/tenant"
)

// Headers of every message. Names that begin with "Nats-" belong to NATS.
const (
	HeaderTenant       = "Actionplane-Tenant"
	HeaderOrganization = "Actionplane-Organization"
	HeaderPerson       = "Actionplane-Person"
	HeaderRoles        = "Actionplane-Roles" // comma separated
	// HeaderTimeout is the time left for the call, as a Go duration. It is
	// relative, so that clocks need not agree.
	HeaderTimeout = "Actionplane-Timeout"
	// HeaderChecked is set by the edge on requests whose validation rules it
	// has checked already.
	HeaderChecked     = "Actionplane-Checked"
	HeaderContentType = "Content-Type"
	HeaderAccept      = "Accept"

	// Error answers: NATS's own service headers, and ours.
	HeaderErrorText   = "Nats-Service-Error"
	HeaderErrorCode   = "Nats-Service-Error-Code" // a fault.Code
	HeaderErrorID     = "Actionplane-Error-Id"
	HeaderErrorReason = "Actionplane-Error-Reason"
)

const jsonType = "application/json"

var propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

type checkedKey struct{}

// WithChecked marks ctx as carrying requests that were validated already.
func WithChecked(ctx context.Context) context.Context {
	return context.WithValue(ctx, checkedKey{}, true)
}

// outgoing returns the headers of a message sent under ctx.
func outgoing(ctx context.Context) nats.Header {
	h := nats.Header{}
	id := tenant.From(ctx)
	set(h, HeaderTenant, string(id.Tenant))
	set(h, HeaderOrganization, string(id.Organization))
	set(h, HeaderPerson, string(id.Person))
	set(h, HeaderRoles, strings.Join(id.Roles, ","))
	if deadline, ok := ctx.Deadline(); ok {
		h[HeaderTimeout] = []string{time.Until(deadline).String()}
	}
	if checked, _ := ctx.Value(checkedKey{}).(bool); checked {
		h[HeaderChecked] = []string{"1"}
	}
	propagator.Inject(ctx, telemetry.HeaderCarrier(h))
	return h
}

// incoming returns base with what the headers say: identity and trace.
func incoming(base context.Context, h nats.Header) context.Context {
	ctx := propagator.Extract(base, telemetry.HeaderCarrier(h))
	id := tenant.Identity{
		Tenant:       tenant.ID(get(h, HeaderTenant)),
		Organization: tenant.OrganizationID(get(h, HeaderOrganization)),
		Person:       tenant.PersonID(get(h, HeaderPerson)),
	}
	if id.Tenant == "" {
		id.Tenant = tenant.Default
	}
	if roles := get(h, HeaderRoles); roles != "" {
		id.Roles = strings.Split(roles, ",")
	}
	return tenant.With(ctx, id)
}

// timeout returns the time that a message allows, or fallback.
func timeout(h nats.Header, fallback time.Duration) time.Duration {
	d, err := time.ParseDuration(get(h, HeaderTimeout))
	if err != nil || d <= 0 {
		return fallback
	}
	return d
}

func set(h nats.Header, key, value string) {
	if value != "" {
		h[key] = []string{value}
	}
}

// get reads a header whose case the sender may have changed.
func get(h nats.Header, key string) string {
	if v := h[key]; len(v) > 0 {
		return v[0]
	}
	return textproto.MIMEHeader(h).Get(key)
}

package bus

import (
	"context"
	"net/textproto"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
)

const jsonType = "application/json"

type checkedKey struct{}

// WithChecked marks ctx as carrying requests that were validated already.
func WithChecked(ctx context.Context) context.Context {
	return context.WithValue(ctx, checkedKey{}, true)
}

// outgoing returns the headers of a message sent under ctx.
func outgoing(ctx context.Context) nats.Header {
	h := nats.Header{}
	id := tenant.From(ctx)
	set(h, contract.HeaderTenant, string(id.Tenant))
	set(h, contract.HeaderOrganization, string(id.Organization))
	set(h, contract.HeaderPerson, string(id.Person))
	set(h, contract.HeaderRoles, strings.Join(id.Roles, ","))
	if deadline, ok := ctx.Deadline(); ok {
		h[contract.HeaderTimeout] = []string{time.Until(deadline).String()}
	}
	if approval, _ := ctx.Value(approvalKey{}).(string); approval != "" {
		h[contract.HeaderApproval] = []string{approval}
	}
	if checked, _ := ctx.Value(checkedKey{}).(bool); checked {
		h[contract.HeaderChecked] = []string{"1"}
	}
	telemetry.Inject(ctx, h)
	return h
}

// incoming returns base with what the headers say: identity and trace.
func incoming(base context.Context, h nats.Header) context.Context {
	ctx := telemetry.Extract(base, h)
	id := tenant.Identity{
		Tenant:       tenant.ID(get(h, contract.HeaderTenant)),
		Organization: tenant.OrganizationID(get(h, contract.HeaderOrganization)),
		Person:       tenant.PersonID(get(h, contract.HeaderPerson)),
	}
	if id.Tenant == "" {
		id.Tenant = tenant.Default
	}
	if roles := get(h, contract.HeaderRoles); roles != "" {
		id.Roles = strings.Split(roles, ",")
	}
	return tenant.With(ctx, id)
}

// timeout returns the time that a message allows, or fallback.
func timeout(h nats.Header, fallback time.Duration) time.Duration {
	d, err := time.ParseDuration(get(h, contract.HeaderTimeout))
	if err != nil || d <= 0 {
		return fallback
	}
	return d
}

// isJSON reports whether a Content-Type or Accept names JSON, with or without
// parameters such as a charset.
func isJSON(mediaType string) bool {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	return strings.EqualFold(strings.TrimSpace(mediaType), jsonType)
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

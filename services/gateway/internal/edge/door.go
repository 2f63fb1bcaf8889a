package edge

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
)

// timeoutGrace is what a call gets beyond the time its request allows, so that
// the owner's own answer "time ran out" arrives.
const timeoutGrace = time.Second

// organizationHeader names the organization a call is about (actions-v1
// sheet, 4.1).
const organizationHeader = "x-zitadel-orgid"

// Validator checks a request against its rules.
type Validator interface{ Check(proto.Message) error }

// Door lets calls in. It implements contract.Caller.
type Door struct {
	people  *People
	rules   Validator
	forward contract.Caller
	log     *slog.Logger
}

// NewDoor returns a door that sends what it lets in to forward.
func NewDoor(people *People, rules Validator, forward contract.Caller, log *slog.Logger) *Door {
	return &Door{people: people, rules: rules, forward: forward, log: log}
}

// Call implements contract.Caller.
func (d *Door) Call(ctx context.Context, m *contract.Method, req, resp proto.Message) error {
	start := time.Now()
	who, err := d.admit(ctx, m, req)
	if err == nil {
		err = d.send(tenant.With(ctx, who), m, req, resp)
	}
	d.log.InfoContext(ctx, "edge.call", "method", m.FullName, "code", uint32(fault.CodeOf(err)),
		"person", who.Person, "organization", who.Organization, "took", time.Since(start))
	return err
}

// admit decides whether the call may be made, and as whom.
func (d *Door) admit(ctx context.Context, m *contract.Method, req proto.Message) (tenant.Identity, error) {
	token := bearer(ctx)
	if token == "" {
		return tenant.Identity{}, fault.Unauthenticated("auth header missing")
	}
	if m.OrganizationField != "" {
		return d.admitToField(ctx, token, m, req)
	}
	p, err := d.people.Find(ctx, token, organizationOf(ctx, m))
	if err != nil {
		return tenant.Identity{}, err
	}
	if err := permit(p, m); err != nil {
		return p.Identity, err
	}
	return p.Identity, d.rules.Check(req)
}

// admitToField admits a call whose organization stands in the request. An
// organization that is not the caller's does not exist for him.
func (d *Door) admitToField(ctx context.Context, token string, m *contract.Method, req proto.Message) (tenant.Identity, error) {
	p, err := d.people.Find(ctx, token, "")
	if err != nil {
		return tenant.Identity{}, err
	}
	if err := d.rules.Check(req); err != nil {
		return p.Identity, err
	}
	r := req.ProtoReflect()
	organization := r.Get(r.Descriptor().Fields().ByName(protoreflect.Name(m.OrganizationField))).String()
	p, err = d.people.Find(ctx, token, organization)
	if fault.CodeOf(err) == fault.CodePermissionDenied {
		return p.Identity, fault.NotFound("organization not found").WithReason("not_found")
	}
	if err != nil {
		return p.Identity, err
	}
	return p.Identity, permit(p, m)
}

func organizationOf(ctx context.Context, m *contract.Method) string {
	if m.Scope != contract.ScopeOrganization {
		return ""
	}
	return header(ctx, organizationHeader)
}

// permit checks the method's permission where the contract says it must hold.
func permit(p Principal, m *contract.Method) error {
	held := p.InstancePermissions
	if m.Scope == contract.ScopeOrganization {
		held = p.OrganizationPermissions
	}
	if m.Permission == contract.Authenticated || slices.Contains(held, m.Permission) {
		return nil
	}
	return fault.PermissionDenied("No matching permissions found").WithID("AUTH-5mWD2")
}

// send forwards within the time that the request itself allows, if it does.
func (d *Door) send(ctx context.Context, m *contract.Method, req, resp proto.Message) error {
	if allowed := allowedTime(m, req); allowed > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, allowed+timeoutGrace)
		defer cancel()
	}
	return d.forward.Call(bus.WithChecked(ctx), m, req, resp)
}

func allowedTime(m *contract.Method, req proto.Message) time.Duration {
	if m.TimeoutField == "" {
		return 0
	}
	r := req.ProtoReflect()
	f := r.Descriptor().Fields().ByName(protoreflect.Name(m.TimeoutField))
	if f == nil || !r.Has(f) {
		return 0
	}
	d, _ := r.Get(f).Message().Interface().(*durationpb.Duration)
	return d.AsDuration()
}

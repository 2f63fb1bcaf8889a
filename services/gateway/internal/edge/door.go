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
	"github.com/actionplane/actionplane/libs/telemetry"
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

// Deps are what a door works with.
type Deps struct {
	People    *People
	Rules     Validator
	Forward   contract.Caller // gets what was let in
	Log       *slog.Logger
	Telemetry *telemetry.Telemetry
}

// Door lets calls in. It implements contract.Caller.
type Door struct {
	people   *People
	rules    Validator
	forward  contract.Caller
	observer *observer
}

// NewDoor returns a door.
func NewDoor(deps Deps) (*Door, error) {
	o, err := newObserver(deps.Log, deps.Telemetry)
	if err != nil {
		return nil, err
	}
	return &Door{people: deps.People, rules: deps.Rules, forward: deps.Forward, observer: o}, nil
}

// Call implements contract.Caller.
func (d *Door) Call(ctx context.Context, m *contract.Method, req, resp proto.Message) error {
	ctx, end := d.observer.begin(ctx, m)
	who, err := d.admit(ctx, m, req)
	if err == nil {
		err = d.send(tenant.With(ctx, who), m, req, resp)
	}
	end(who, err)
	return err
}

// admit decides whether the call may be made, and as whom.
func (d *Door) admit(ctx context.Context, m *contract.Method, req proto.Message) (tenant.Identity, error) {
	if m.Permission == contract.Public {
		return tenant.Identity{Tenant: tenant.Default}, d.rules.Check(req)
	}
	visit := visitOf(ctx)
	token := Bearer(visit.header)
	if token == "" {
		return tenant.Identity{}, fault.Unauthenticated("auth header missing")
	}
	if m.OrganizationField != "" {
		return d.admitToField(ctx, visit, token, m, req)
	}
	p, err := d.people.Find(ctx, token, visit.organization(m))
	visit.found(err)
	if err != nil {
		return tenant.Identity{}, err
	}
	if err := permit(p, m); err != nil {
		return p.Identity, err
	}
	return p.Identity, d.rules.Check(req)
}

// admitToField admits a call whose organization stands in the request. An
// organization that is not the caller's does not exist for him. What is wrong
// with the request is told to those who may make it, and to those whose
// organization does not exist, perhaps because it is malformed.
func (d *Door) admitToField(ctx context.Context, visit *Visit, token string, m *contract.Method, req proto.Message) (tenant.Identity, error) {
	invalid := d.rules.Check(req)
	r := req.ProtoReflect()
	organization := r.Get(r.Descriptor().Fields().ByName(protoreflect.Name(m.OrganizationField))).String()
	p, err := d.people.Find(ctx, token, organization)
	visit.found(err)
	switch {
	case fault.CodeOf(err) == fault.CodePermissionDenied && invalid != nil:
		return p.Identity, invalid
	case fault.CodeOf(err) == fault.CodePermissionDenied:
		return p.Identity, fault.NotFound("organization not found").WithReason("not_found")
	case err != nil:
		return p.Identity, err
	}
	if err := permit(p, m); err != nil {
		return p.Identity, err
	}
	return p.Identity, invalid
}

// organization returns the organization that the header names; "" where it
// names none or the method does not care.
func (v *Visit) organization(m *contract.Method) string {
	if m.Scope != contract.ScopeOrganization {
		return ""
	}
	return v.header.Get(organizationHeader)
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

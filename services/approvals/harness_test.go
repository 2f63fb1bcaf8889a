package approvals_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/tenant"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals"
)

// bundle is two replicas of approvals on one bus and one database.
type bundle struct {
	*dynamicv0.OrganizationSettingsServiceBusClient
	actions *dynamicv0.AdminActionServiceBusClient
	more    *actionplanev1.ApprovalServiceBusClient
	server  *bustest.Server
	conn    *bus.Conn
	access  *access
	url     string
	db      *pg.Pool // the test's own way in
}

// access stands in for the access service. Whom nobody has described is an
// owner of whatever organization it is about.
type access struct {
	reviewers atomic.Uint32
	answer    func(context.Context) error // nil: no trouble

	mu     sync.Mutex
	people map[string]*accessv1.Eligibility
}

func (a *access) describe(p *accessv1.Eligibility) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.people == nil {
		a.people = map[string]*accessv1.Eligibility{}
	}
	a.people[p.GetPersonId()] = p
}

func (a *access) person(id string) *accessv1.Eligibility {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p, ok := a.people[id]; ok {
		return p
	}
	return owner(id)
}

func owner(id string) *accessv1.Eligibility {
	return &accessv1.Eligibility{
		PersonId: id, Exists: true, Active: true, Human: true, Reviewer: true, Roles: []string{"ORG_OWNER"},
		CanonicalHumanId: id, Name: "N " + id[:8], Email: id[:8] + id[30:] + "@example.com",
	}
}

func (a *access) Authenticate(context.Context, *accessv1.AuthenticateRequest) (*accessv1.AuthenticateResponse, error) {
	return nil, fault.New(fault.CodeUnimplemented, "not asked for")
}

func (a *access) CountReviewers(ctx context.Context, in *accessv1.CountReviewersRequest) (*accessv1.CountReviewersResponse, error) {
	if in.GetOrganizationId() != string(tenant.From(ctx).Organization) {
		return nil, fault.Internal("asked about %s", in.GetOrganizationId())
	}
	if a.answer != nil {
		return nil, a.answer(ctx)
	}
	return &accessv1.CountReviewersResponse{Reviewers: a.reviewers.Load()}, nil
}

// ListReviewers lists who was described as a reviewer, whatever organization.
func (a *access) ListReviewers(ctx context.Context, _ *accessv1.ListReviewersRequest) (*accessv1.ListReviewersResponse, error) {
	if a.answer != nil {
		return nil, a.answer(ctx)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	out := &accessv1.ListReviewersResponse{}
	for _, p := range a.people {
		if p.GetReviewer() {
			out.Reviewers = append(out.Reviewers, &accessv1.Reviewer{
				PersonId: p.GetPersonId(), CanonicalHumanId: p.GetCanonicalHumanId(), Name: p.GetName(), Email: p.GetEmail(), Roles: p.GetRoles(),
			})
		}
	}
	slices.SortFunc(out.Reviewers, func(a, b *accessv1.Reviewer) int { return strings.Compare(a.GetPersonId(), b.GetPersonId()) })
	return out, nil
}

func (a *access) GetEligibility(ctx context.Context, in *accessv1.GetEligibilityRequest) (*accessv1.GetEligibilityResponse, error) {
	if a.answer != nil {
		return nil, a.answer(ctx)
	}
	out := &accessv1.GetEligibilityResponse{}
	for _, id := range in.GetPersonIds() {
		out.People = append(out.People, a.person(id))
	}
	return out, nil
}

// setup starts the replicas beside an access that knows of three reviewers.
func setup(t *testing.T, configure ...func(*approvals.Config)) *bundle {
	t.Helper()
	b := setupAlone(t, configure...)
	b.serveAccess(t, &access{})
	b.access.reviewers.Store(3)
	return b
}

// impatient has access answer at once or be away.
func impatient(c *approvals.Config) { c.AccessTimeout = 300 * time.Millisecond }

// configured returns the defaults with a master key.
func configured() approvals.Config {
	cfg := approvals.DefaultConfig()
	cfg.MasterKey = config.NewSecret("a master key for tests")
	return cfg
}

// setupAlone starts the replicas and no access.
func setupAlone(t *testing.T, configure ...func(*approvals.Config)) *bundle {
	t.Helper()
	b := &bundle{server: bustest.Start(t)}
	b.conn = b.server.Connect(t, "test")
	b.OrganizationSettingsServiceBusClient = dynamicv0.NewOrganizationSettingsServiceBusClient(b.conn)
	b.actions = dynamicv0.NewAdminActionServiceBusClient(b.conn)
	b.more = actionplanev1.NewApprovalServiceBusClient(b.conn)
	b.url = pgtest.URL(t, "approvals", nil)
	b.db = b.open(t, b.url, "approvals")
	cfg := configured()
	cfg.AccessTimeout = 10 * time.Second
	cfg.PollInterval, cfg.SweepInterval, cfg.RetryPause = 50*time.Millisecond, 50*time.Millisecond, 10*time.Millisecond
	for _, f := range configure {
		f(&cfg)
	}
	for range 2 {
		b.start(t, cfg)
	}
	return b
}

func (b *bundle) open(t *testing.T, url, schema string) *pg.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), pg.Config{URL: url, Schema: schema, MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func (b *bundle) start(t *testing.T, cfg approvals.Config) {
	t.Helper()
	s, err := approvals.New(cfg, host.Deps{
		Telemetry: telemetry.Nop(), Log: slog.New(slog.DiscardHandler), Bus: b.server.Connect(t, "approvals"), DB: b.open(t, b.url, "approvals"),
	})
	if err != nil {
		t.Fatal(err)
	}
	bustest.Run(t, s.Run)
}

func (b *bundle) serveAccess(t *testing.T, a *access) {
	t.Helper()
	b.access = a
	srv := b.server.Connect(t, "access").NewServer(bus.ServerConfig{})
	accessv1.RegisterAccessAccessServer(srv, a)
	bustest.Run(t, srv.Run)
}

// as returns a context in which somebody is in an organization of his own.
func as(ctx context.Context) (context.Context, tenant.Identity) {
	who := tenant.Identity{
		Tenant:       tenant.Default,
		Organization: tenant.OrganizationID(ident.NewUUID()),
		Person:       tenant.PersonID(ident.NewUUID()),
	}
	return tenant.With(ctx, who), who
}

func (b *bundle) get(ctx context.Context) (*dynamicv0.OrganizationSettings, error) {
	out, err := b.GetOrganizationSettings(ctx, &dynamicv0.GetOrganizationSettingsRequest{OrganizationId: string(tenant.From(ctx).Organization)})
	return out.GetOrganizationSettings(), err
}

func (b *bundle) update(ctx context.Context, in *dynamicv0.UpdateOrganizationSettingsRequest) (*dynamicv0.OrganizationSettings, error) {
	in.OrganizationId = string(tenant.From(ctx).Organization)
	out, err := b.UpdateOrganizationSettings(ctx, in)
	return out.GetOrganizationSettings(), err
}

func wantFault(t *testing.T, err error, code fault.Code, reason string) {
	t.Helper()
	if f, ok := fault.As(err); !ok || f.Code != code || f.Reason != reason {
		t.Errorf("got %v, want code %d, reason %q", err, code, reason)
	}
}

// line is what a client sees first.
func line(s *dynamicv0.OrganizationSettings) string {
	return fmt.Sprint(s.GetApprovalEnabled(), s.GetApprovalTtlHours(), s.GetApprovalRequiredApprovals())
}

// settingsOnly returns the next change of settings on a feed, which tells of
// other things too.
func settingsOnly[T interface{ GetResource() string }](feed <-chan T) T {
	for c := range feed {
		if c.GetResource() == "settings" {
			return c
		}
	}
	panic("the feed has ended")
}

// organization is one with approvals on, and people in it.
type organization struct {
	b  *bundle
	id tenant.OrganizationID
}

// gated makes an organization in which required approvals are needed.
func (b *bundle) gated(t *testing.T, required int32) organization {
	t.Helper()
	b.access.reviewers.Store(100)
	ctx, who := as(t.Context())
	if _, err := b.update(ctx, &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalEnabled: new(true), ApprovalRequiredApprovals: &required}); err != nil {
		t.Fatal(err)
	}
	return organization{b: b, id: who.Organization}
}

// as returns a context of a new person of the organization.
func (o organization) as(t *testing.T, roles ...string) context.Context {
	return o.who(t, ident.NewUUID(), roles...)
}

func (o organization) who(t *testing.T, person string, roles ...string) context.Context {
	t.Helper()
	return tenant.With(t.Context(), tenant.Identity{Tenant: tenant.Default, Organization: o.id, Person: tenant.PersonID(person), Roles: roles})
}

func personOf(ctx context.Context) string { return string(tenant.From(ctx).Person) }

// register makes a type whose actions go to handle, and returns its name.
func (b *bundle) register(t *testing.T, handle func(*nats.Msg)) string {
	t.Helper()
	name := "t_" + strings.ReplaceAll(ident.NewUUID(), "-", "")
	subject := "customer." + name
	nc, err := nats.Connect("", nats.InProcessServer(b.server.Server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if _, err := nc.Subscribe(subject, handle); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	ctx, _ := as(t.Context())
	_, err = b.more.RegisterActionType(ctx, &actionplanev1.RegisterActionTypeRequest{
		Name: name, DisplayName: "Reset MFA", Category: "users", Subject: subject, Redact: []string{"hidden", "list.*.pin"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// fine answers every action with success.
func fine(m *nats.Msg) { _ = m.Respond([]byte(`{}`)) }

// submit asks for an action, and returns the request.
func (o organization) submit(ctx context.Context, t *testing.T, actionType, payload string) *dynamicv0.AdminActionRequest {
	t.Helper()
	out, err := o.b.more.SubmitAction(ctx, &actionplanev1.SubmitActionRequest{ActionType: actionType, Payload: []byte(payload)})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetActionRequest()
}

func (o organization) approve(ctx context.Context, id string) (*dynamicv0.AdminActionRequest, error) {
	out, err := o.b.actions.ApproveAdminActionRequest(ctx, o.decision(id))
	return out.GetActionRequest(), err
}

func (o organization) deny(ctx context.Context, id string) (*dynamicv0.AdminActionRequest, error) {
	out, err := o.b.actions.DenyAdminActionRequest(ctx, o.decision(id))
	return out.GetActionRequest(), err
}

func (o organization) decision(id string) *dynamicv0.DecideAdminActionRequestRequest {
	return &dynamicv0.DecideAdminActionRequestRequest{OrganizationId: string(o.id), AdminActionRequestId: id}
}

func (o organization) cancel(ctx context.Context, id string) (*dynamicv0.AdminActionRequest, error) {
	out, err := o.b.more.CancelAdminActionRequest(ctx, &actionplanev1.CancelAdminActionRequestRequest{OrganizationId: string(o.id), AdminActionRequestId: id})
	return out.GetActionRequest(), err
}

func (o organization) load(t *testing.T, id string) *dynamicv0.AdminActionRequest {
	t.Helper()
	out, err := o.b.actions.GetAdminActionRequest(o.as(t), &dynamicv0.GetAdminActionRequestRequest{OrganizationId: string(o.id), AdminActionRequestId: id})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetActionRequest()
}

// settled waits for the execution of a request to end.
func (o organization) settled(t *testing.T, id string) *dynamicv0.AdminActionRequest {
	t.Helper()
	return until(t, func() (*dynamicv0.AdminActionRequest, bool) {
		r := o.load(t, id)
		s := r.GetExecution().GetState()
		return r, s != "queued" && s != "executing"
	})
}

// until waits for a condition.
func until[T any](t *testing.T, look func() (T, bool)) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		got, ok := look()
		if ok {
			return got
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain; last %v", got)
		case <-tick.C:
		}
	}
}

// must does what the service never would, in its database.
func (b *bundle) must(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := b.db.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

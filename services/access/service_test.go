package access_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/approval/approvaltest"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/tenant"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	"github.com/actionplane/actionplane/services/access"
)

const (
	adminToken   = "admin-token-of-the-tests"
	organization = "11111111-1111-4111-8111-111111111111"
)

// bundle is a bus and a database on which replicas of access run.
type bundle struct {
	*accessv1.AccessBusClient
	server    *bustest.Server
	approvals *approvaltest.Approvals
	url       string
	db        *pg.Pool // for looking and for arranging what has no API yet
	log       *journal
	tracer    pgx.QueryTracer // of replicas that start; nil: none
}

func setup(t testing.TB) *bundle {
	t.Helper()
	b := &bundle{server: bustest.Start(t), url: pgtest.URL(t, "access", nil), log: &journal{}}
	b.db = b.open(t)
	b.approvals = approvaltest.Serve(t, b.server.Connect(t, "approvals"))
	b.AccessBusClient = accessv1.NewAccessBusClient(b.server.Connect(t, "test"))
	return b
}

// configured returns what begun's replicas are configured with.
func configured() access.Config {
	cfg := access.DefaultConfig()
	cfg.OrganizationID, cfg.AdminToken = organization, config.NewSecret(adminToken)
	return cfg
}

// begun is setup with two replicas at work.
func begun(t testing.TB) *bundle {
	t.Helper()
	b := setup(t)
	b.start(t, configured())
	b.start(t, configured())
	if _, err := b.authenticate(t, adminToken, ""); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bundle) open(t testing.TB) *pg.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), pg.Config{URL: b.url, Schema: "access", MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() }) // of the connections that it then has
	return pool
}

// start runs a replica with a connection and a pool of its own. stop waits
// until it has ended and returns its error; the test's end does so too.
func (b *bundle) start(t testing.TB, cfg access.Config) (stop func() error) {
	t.Helper()
	db := b.open(t)
	if b.tracer != nil {
		db.Pool = traced(t, db.Pool, b.tracer)
	}
	s, err := access.New(cfg, host.Deps{
		Log: slog.New(slog.NewTextHandler(b.log, nil)),
		Bus: b.server.Connect(t, "access"),
		DB:  db,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return stop
}

func (b *bundle) authenticate(t testing.TB, token, organization string) (*accessv1.Principal, error) {
	t.Helper()
	sum := sha256.Sum256([]byte(token))
	out, err := b.Authenticate(t.Context(), &accessv1.AuthenticateRequest{TokenSha256: sum[:], OrganizationId: organization})
	return out.GetPrincipal(), err
}

func (b *bundle) exec(t testing.TB, statement string, args ...any) {
	t.Helper()
	if _, err := b.db.Exec(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) count(t testing.TB, from string) int {
	t.Helper()
	var n int
	if err := b.db.QueryRow(t.Context(), "SELECT count(*) FROM "+from).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (b *bundle) newOrganization(t testing.TB) string {
	t.Helper()
	id := ident.NewUUID()
	b.exec(t, `INSERT INTO organizations (tenant_id, id, name) VALUES ($1, $2, $2::uuid::text)`, tenant.Default, id)
	return id
}

// newPerson makes a person whose own organization is the first one, and whose
// token is its id.
func (b *bundle) newPerson(t testing.TB) string {
	t.Helper()
	id := ident.NewUUID()
	b.exec(t, `INSERT INTO people (tenant_id, id, organization_id, email, name) VALUES ($1, $2, $3, $4, 'Somebody')`,
		tenant.Default, id, organization, id+"@example.com")
	sum := sha256.Sum256([]byte(id))
	b.exec(t, `INSERT INTO tokens (tenant_id, id, person_id, name, sha256) VALUES ($1, $2, $3, 'test', $4)`,
		tenant.Default, ident.NewUUID(), id, sum[:])
	return id
}

// grant gives a person a role in an organization, or in the instance where
// that is "".
func (b *bundle) grant(t testing.TB, person, in, role string) {
	t.Helper()
	b.exec(t, `INSERT INTO memberships (tenant_id, person_id, organization_id, role) VALUES ($1, $2, nullif($3, '')::uuid, $4)`,
		tenant.Default, person, in, role)
}

// journal keeps what replicas log.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) contains(s string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Contains(j.text.String(), s)
}

func TestBegin(t *testing.T) {
	t.Parallel()
	with := func(token string) access.Config {
		cfg := access.DefaultConfig()
		cfg.AdminToken = config.NewSecret(token)
		return cfg
	}
	first := func(organization string) access.Config {
		cfg := access.DefaultConfig()
		cfg.OrganizationID = organization
		return cfg
	}

	t.Run("ReplicasThatStartTogetherMakeOneOwner", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		stops := make([]func() error, 4)
		for i := range stops {
			stops[i] = b.start(t, with(adminToken))
		}
		if _, err := b.authenticate(t, adminToken, ""); err != nil {
			t.Fatal(err)
		}
		for _, stop := range stops {
			if err := stop(); err != nil {
				t.Fatal(err)
			}
		}
		for _, table := range []string{"tenants", "organizations", "people", "memberships", "tokens"} {
			if n := b.count(t, table); n != 1 {
				t.Errorf("%d %s", n, table)
			}
		}
	})
	t.Run("TheOwnerMayDoEverything", func(t *testing.T) {
		t.Parallel()
		p, err := begun(t).authenticate(t, adminToken, "")
		if err != nil {
			t.Fatal(err)
		}
		if p.GetTenant() != string(tenant.Default) || p.GetOrganizationId() != organization || !ident.IsUUID(p.GetPersonId()) || p.GetEmail() == "" {
			t.Errorf("got %v", p)
		}
		if !slices.Equal(p.GetRoles(), []string{"IAM_OWNER"}) || !slices.Contains(p.GetInstancePermissions(), "action.target.delete") ||
			!slices.Contains(p.GetOrganizationPermissions(), "approval.settings.write") {
			t.Errorf("got %v", p)
		}
	})
	t.Run("OnlyTheHashOfTheTokenIsKept", func(t *testing.T) {
		t.Parallel()
		b := begun(t)
		var row string
		var sum []byte
		if err := b.db.QueryRow(t.Context(), `SELECT t::text, t.sha256 FROM tokens t`).Scan(&row, &sum); err != nil {
			t.Fatal(err)
		}
		if want := sha256.Sum256([]byte(adminToken)); strings.Contains(row, adminToken) || !bytes.Equal(sum, want[:]) || b.log.contains(adminToken) {
			t.Errorf("got %s", row)
		}
	})
	t.Run("AnotherTokenReplacesTheFirst", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		for _, token := range []string{"one", "two", "one"} { // and back again
			stop := b.start(t, with(token))
			if _, err := b.authenticate(t, token, ""); err != nil {
				t.Fatalf("%s: %v", token, err)
			}
			for _, other := range []string{"one", "two"} {
				if _, err := b.authenticate(t, other, ""); other != token && fault.CodeOf(err) != fault.CodeUnauthenticated {
					t.Errorf("%s while %s is set: got %v", other, token, err)
				}
			}
			if err := stop(); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("WithoutATokenTheOldOneGoesOnWorking", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		if err := b.startAndStop(t, with(adminToken)); err != nil {
			t.Fatal(err)
		}
		b.start(t, access.DefaultConfig())
		if _, err := b.authenticate(t, adminToken, ""); err != nil || b.log.contains("access.no_token") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("WithoutAnyTokenTheLogSaysHowToSetOne", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		if err := b.startAndStop(t, access.DefaultConfig()); err != nil {
			t.Fatal(err)
		}
		if b.count(t, "tokens") != 0 || !b.log.contains("set ACTIONPLANE_ADMIN_TOKEN") {
			t.Error("no hint, or a token that nobody asked for")
		}
	})
	t.Run("TheOrganizationStaysTheFirstOne", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		for _, id := range []string{organization, organization, ""} {
			if err := b.startAndStop(t, first(id)); err != nil {
				t.Fatalf("%q: %v", id, err)
			}
		}
		err := b.startInVain(t, first(ident.NewUUID()))
		if fault.CodeOf(err) != fault.CodeFailedPrecondition || !strings.Contains(err.Error(), organization) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ADemotedOwnerStaysDemoted", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		if err := b.startAndStop(t, with(adminToken)); err != nil {
			t.Fatal(err)
		}
		b.exec(t, `DELETE FROM memberships`)
		b.start(t, with(adminToken))
		p, err := b.authenticate(t, adminToken, "")
		if err != nil || len(p.GetRoles()) > 0 {
			t.Errorf("got %v, %v", p, err)
		}
	})
	t.Run("AnotherPersonsTokenIsNotTakenOver", func(t *testing.T) {
		t.Parallel()
		b := begun(t)
		someone := b.newPerson(t)
		if err := b.startInVain(t, with(someone)); fault.CodeOf(err) != fault.CodeAlreadyExists {
			t.Errorf("got %v", err)
		}
		if _, err := b.authenticate(t, adminToken, ""); err != nil {
			t.Errorf("the owner was locked out: %v", err)
		}
	})
}

// startAndStop runs the only replica until it has begun.
func (b *bundle) startAndStop(t testing.TB, cfg access.Config) error {
	t.Helper()
	stop := b.start(t, cfg)
	if _, err := b.authenticate(t, "anybody", ""); fault.CodeOf(err) != fault.CodeUnauthenticated {
		t.Error(err)
	}
	return stop()
}

// startInVain returns why a replica ends by itself.
func (b *bundle) startInVain(t testing.TB, cfg access.Config) error {
	t.Helper()
	s, err := access.New(cfg, host.Deps{Log: slog.New(slog.DiscardHandler), Bus: b.server.Connect(t, "access"), DB: b.open(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // so that a start that succeeds fails the test
	defer cancel()
	return s.Run(ctx)
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	b := begun(t)

	t.Run("TellsNobodyWhyATokenIsNone", func(t *testing.T) {
		t.Parallel()
		expired, revoked := b.newPerson(t), b.newPerson(t)
		b.exec(t, `UPDATE tokens SET expires_at = now() WHERE person_id = $1`, expired)
		b.exec(t, `UPDATE tokens SET revoked_at = now() WHERE person_id = $1`, revoked)
		_, want := b.authenticate(t, "unknown", "")
		if f, ok := fault.As(want); !ok || f.Code != fault.CodeUnauthenticated || f.Text() != "Errors.Token.Invalid (AUTH-7fs1e)" {
			t.Fatalf("got %v", want)
		}
		for name, token := range map[string]string{"expired": expired, "revoked": revoked} {
			for _, in := range []string{"", organization, "nonsense"} {
				if _, err := b.authenticate(t, token, in); err == nil || err.Error() != want.Error() {
					t.Errorf("%s, organization %q: got %v", name, in, err)
				}
			}
		}
		if _, err := b.Authenticate(t.Context(), &accessv1.AuthenticateRequest{TokenSha256: []byte("short")}); err == nil || err.Error() != want.Error() {
			t.Errorf("malformed: got %v", err)
		}
	})
	t.Run("ATokenWorksUntilItExpires", func(t *testing.T) {
		t.Parallel()
		person := b.newPerson(t)
		b.exec(t, `UPDATE tokens SET expires_at = now() + interval '1 hour' WHERE person_id = $1`, person)
		if p, err := b.authenticate(t, person, ""); err != nil || p.GetPersonId() != person {
			t.Errorf("got %v, %v", p, err)
		}
	})
	t.Run("ForeignIsAbsent", func(t *testing.T) {
		t.Parallel()
		person, foreign := b.newPerson(t), b.newOrganization(t)
		b.grant(t, person, organization, "ORG_OWNER")
		for _, in := range []string{foreign, ident.NewUUID(), "nonsense", strings.ToUpper(foreign), "' OR 1=1"} {
			_, err := b.authenticate(t, person, in)
			if f, ok := fault.As(err); !ok || f.Code != fault.CodePermissionDenied || f.Text() != "Organisation doesn't exist (AUTH-Bs7Ds)" {
				t.Errorf("%q: got %v", in, err)
			}
		}
	})
	t.Run("WhatIsAbsentIsAbsentForInstanceOwnersToo", func(t *testing.T) {
		t.Parallel()
		_, err := b.authenticate(t, adminToken, ident.NewUUID())
		if fault.CodeOf(err) != fault.CodePermissionDenied {
			t.Errorf("got %v", err)
		}
	})
	t.Run("AnotherTenantsTokenIsUnknown", func(t *testing.T) {
		t.Parallel()
		ctx := tenant.With(t.Context(), tenant.Identity{Tenant: tenant.ID(ident.NewUUID())})
		sum := sha256.Sum256([]byte(adminToken))
		_, err := b.Authenticate(ctx, &accessv1.AuthenticateRequest{TokenSha256: sum[:]})
		if fault.CodeOf(err) != fault.CodeUnauthenticated {
			t.Errorf("got %v", err)
		}
	})
	t.Run("WithoutAnOrganizationItIsTheHoldersOwn", func(t *testing.T) {
		t.Parallel()
		person := b.newPerson(t)
		p, err := b.authenticate(t, person, "")
		if err != nil || p.GetOrganizationId() != organization || len(p.GetRoles())+len(p.GetOrganizationPermissions())+len(p.GetInstancePermissions()) > 0 {
			t.Errorf("got %v, %v", p, err)
		}
		if _, err := b.authenticate(t, person, organization); fault.CodeOf(err) != fault.CodePermissionDenied {
			t.Errorf("named without a role: got %v", err)
		}
	})
	t.Run("RolesHoldWhereTheyAreHeld", func(t *testing.T) {
		t.Parallel()
		person, second := b.newPerson(t), b.newOrganization(t)
		b.grant(t, person, organization, "ORG_OWNER")
		b.grant(t, person, second, "ORG_OWNER_VIEWER")
		b.grant(t, person, second, "ORG_VIEWER")
		first, err := b.authenticate(t, person, organization)
		if err != nil || !slices.Contains(first.GetOrganizationPermissions(), "approval.settings.write") || len(first.GetInstancePermissions()) > 0 {
			t.Errorf("got %v, %v", first, err)
		}
		p, err := b.authenticate(t, person, second)
		if err != nil || !slices.Equal(p.GetRoles(), []string{"ORG_VIEWER"}) ||
			slices.ContainsFunc(p.GetOrganizationPermissions(), func(p string) bool { return !strings.HasSuffix(p, ".read") }) ||
			!slices.Contains(p.GetOrganizationPermissions(), "org.action.read") {
			t.Errorf("got %v, %v", p, err)
		}
	})
	t.Run("RolesOfTheInstanceHoldEverywhere", func(t *testing.T) {
		t.Parallel()
		person, somewhere := b.newPerson(t), b.newOrganization(t)
		b.grant(t, person, "", "IAM_OWNER_VIEWER")
		b.grant(t, person, somewhere, "ORG_DEVELOPER")
		p, err := b.authenticate(t, person, somewhere)
		if err != nil || !slices.Equal(p.GetRoles(), []string{"IAM_OWNER_VIEWER", "ORG_DEVELOPER"}) ||
			slices.Contains(p.GetInstancePermissions(), "org.action.write") ||
			!slices.Contains(p.GetOrganizationPermissions(), "org.action.write") ||
			!slices.Contains(p.GetOrganizationPermissions(), "action.target.read") {
			t.Errorf("got %v, %v", p, err)
		}
	})
}

func TestCountReviewers(t *testing.T) {
	t.Parallel()
	b := begun(t)
	count := func(t *testing.T, in string) (uint32, error) {
		out, err := b.CountReviewers(t.Context(), &accessv1.CountReviewersRequest{OrganizationId: in})
		return out.GetReviewers(), err
	}

	t.Run("CountsPeopleNotRoles", func(t *testing.T) {
		here, elsewhere := b.newOrganization(t), b.newOrganization(t)
		owner, admin, both := b.newPerson(t), b.newPerson(t), b.newPerson(t)
		b.grant(t, owner, here, "ORG_OWNER")
		b.grant(t, admin, here, "ORG_ADMIN")
		b.grant(t, both, here, "ORG_OWNER")
		b.grant(t, both, here, "ORG_ADMIN")
		b.grant(t, both, "", "IAM_OWNER") // one with the bootstrap owner
		for _, role := range []string{"ORG_DEVELOPER", "ORG_VIEWER"} {
			b.grant(t, b.newPerson(t), here, role)
		}
		for _, role := range []string{"IAM_OWNER_VIEWER", "IAM_ORG_MANAGER"} {
			b.grant(t, b.newPerson(t), "", role)
		}
		b.grant(t, b.newPerson(t), elsewhere, "ORG_OWNER")
		if n, err := count(t, here); err != nil || n != 4 {
			t.Errorf("got %d, %v", n, err)
		}
	})
	t.Run("KnowsOnlyWhatExists", func(t *testing.T) {
		for _, in := range []string{"", "nonsense", ident.NewUUID()} {
			if n, err := count(t, in); fault.CodeOf(err) != fault.CodeNotFound {
				t.Errorf("%q: got %d, %v", in, n, err)
			}
		}
	})
}

func TestRun(t *testing.T) {
	t.Parallel()

	t.Run("StoppedDuringTheStartItEndsInOrder", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		s, err := access.New(access.DefaultConfig(), host.Deps{Log: slog.New(slog.DiscardHandler), Bus: b.server.Connect(t, "access"), DB: b.db})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Run(ctx); err != nil {
			t.Errorf("got %v", err)
		}
	})
	t.Run("WithoutADatabaseCallsAreUnavailable", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		pool, err := pg.Open(t.Context(), pg.Config{URL: b.url, Schema: "access"})
		if err != nil {
			t.Fatal(err)
		}
		s, err := access.New(access.DefaultConfig(), host.Deps{Log: slog.New(slog.DiscardHandler), Bus: b.server.Connect(t, "access"), DB: pool})
		if err != nil {
			t.Fatal(err)
		}
		bustest.Run(t, s.Run)
		if _, err := b.authenticate(t, "unknown", ""); fault.CodeOf(err) != fault.CodeUnauthenticated {
			t.Fatal(err)
		}
		pool.Close()
		if _, err := b.authenticate(t, "unknown", ""); fault.CodeOf(err) != fault.CodeUnavailable {
			t.Errorf("got %v", err)
		}
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	w := begun(b)
	sum := sha256.Sum256([]byte(adminToken))
	ctx := bus.WithChecked(b.Context())
	for b.Loop() {
		if _, err := w.Authenticate(ctx, &accessv1.AuthenticateRequest{TokenSha256: sum[:], OrganizationId: organization}); err != nil {
			b.Fatal(err)
		}
	}
}

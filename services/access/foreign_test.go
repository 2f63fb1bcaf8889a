package access_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/services/access/internal/oidc"
	"github.com/actionplane/actionplane/services/access/internal/oidc/oidctest"
)

// statements keeps what a replica asks Postgres, except for its outbox, which
// it looks at by itself.
type statements struct {
	mu  sync.Mutex
	all []string
}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.Contains(data.SQL, "outbox") && !strings.HasPrefix(data.SQL, "begin") && data.SQL != "commit" {
		s.all = append(s.all, data.SQL)
	}
	return ctx
}

func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// take returns what was asked since it was last called.
func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.all = nil }()
	return s.all
}

// TestForeignIsAbsent holds that nobody learns which organizations exist: the
// answers are the same to the byte, and so is the work behind them.
func TestForeignIsAbsent(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	cfg := configured()
	reach(t, &cfg.OIDC)
	cfg.OIDC.Issuer, cfg.OIDC.Audience = issuer.URL(), []string{oidctest.Audience}
	cfg.OIDC.RolesClaim, cfg.OIDC.RoleMapping = "groups", oidc.Mapping{"dev": "ORG_DEVELOPER"}

	b, asked := setup(t), &statements{}
	b.tracer = asked
	b.start(t, cfg)
	if _, err := b.authenticate(t, adminToken, ""); err != nil {
		t.Fatal(err)
	}
	person := b.newPerson(t)
	b.grant(t, person, organization, "ORG_OWNER")
	token := issuer.Token(t, "alice", map[string]any{"groups": "dev"})
	inactive := b.newOrganization(t)
	b.grant(t, person, inactive, "ORG_OWNER")
	b.exec(t, `UPDATE organizations SET state = 'inactive' WHERE id = $1`, inactive)
	deleted := b.newOrganization(t)
	b.exec(t, `UPDATE organizations SET state = 'deleted' WHERE id = $1`, deleted)

	for name, show := range map[string]func(organization string) error{
		"token": func(in string) error { _, err := b.authenticate(t, person, in); return err },
		"jwt":   func(in string) error { _, err := b.show(t, token, in); return err },
	} {
		if err := show(organization); err != nil { // known from here on, and used
			t.Fatalf("%s: %v", name, err)
		}
		asked.take()
		want := show(b.newOrganization(t))
		work := asked.take()
		if want == nil || len(work) == 0 {
			t.Fatalf("%s: a foreign organization: %v, %v", name, want, work)
		}
		for what, in := range map[string]string{
			"absent": ident.NewUUID(), "nonsense": "nonsense", "inactive": inactive, "deleted": deleted,
		} {
			err := show(in)
			if err == nil || err.Error() != want.Error() {
				t.Errorf("%s, %s: got %v, want %v", name, what, err, want)
			}
			if got := asked.take(); !slices.Equal(got, work) {
				t.Errorf("%s, %s: asked\n%v\nwant\n%v", name, what, got, work)
			}
		}
	}
}

// traced replaces the connections of a pool by ones whose statements are kept.
func traced(t testing.TB, pool *pgxpool.Pool, tracer pgx.QueryTracer) *pgxpool.Pool {
	t.Helper()
	cfg := pool.Config()
	cfg.ConnConfig.Tracer = tracer
	replaced, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	pool.Close()
	return replaced
}

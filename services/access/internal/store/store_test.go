package store_test

import (
	"os"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestMigrations(t *testing.T) {
	t.Parallel()
	t.Run("UndoEachOther", func(t *testing.T) {
		t.Parallel()
		pgtest.RoundTrip(t, "access", store.Migrations)
	})
	t.Run("HoldTheOutboxAsItsLibraryWantsIt", func(t *testing.T) {
		t.Parallel()
		up, err := store.Migrations.ReadFile("migrations/0002_directory.up.sql")
		if err != nil || !strings.Contains(string(up), outbox.Schema) {
			t.Errorf("%v\n%s", err, up)
		}
	})
}

// TestSchema holds what the tables promise, whoever writes to them.
func TestSchema(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "access", store.Migrations)
	begun, err := store.New(pool).Begin(t.Context(), tenant.Default, store.First{
		OrganizationName: "first", OwnerEmail: "Owner@Example.com", TokenSHA256: make([]byte, 32),
	})
	if err != nil {
		t.Fatal(err)
	}
	other := ident.NewUUID() // a second tenant
	if _, err := pool.Exec(t.Context(), `INSERT INTO tenants (id) VALUES ($1)`, other); err != nil {
		t.Fatal(err)
	}
	var otherOrganization string
	if err := pool.QueryRow(t.Context(), `INSERT INTO organizations (tenant_id, id, name) VALUES ($1, gen_random_uuid(), 'o') RETURNING id::text`, tenant.Default).
		Scan(&otherOrganization); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name      string
		statement string
		args      []any
		want      fault.Code
	}{
		{
			"InstanceRolesAreNotHeldInAnOrganization",
			`INSERT INTO memberships (tenant_id, person_id, organization_id, role) VALUES ($1, $2, $3, 'IAM_OWNER')`,
			[]any{tenant.Default, begun.OwnerID, begun.OrganizationID}, fault.CodeInvalid,
		},
		{
			"OrganizationRolesAreNotHeldInTheInstance",
			`INSERT INTO memberships (tenant_id, person_id, role) VALUES ($1, $2, 'ORG_OWNER')`,
			[]any{tenant.Default, begun.OwnerID}, fault.CodeInvalid,
		},
		{
			"ARoleIsHeldOnce",
			`INSERT INTO memberships (tenant_id, person_id, role) VALUES ($1, $2, 'IAM_OWNER')`,
			[]any{tenant.Default, begun.OwnerID}, fault.CodeAlreadyExists,
		},
		{
			"NobodyIsAMemberAcrossTenants",
			`INSERT INTO memberships (tenant_id, person_id, role) VALUES ($1, $2, 'IAM_OWNER')`,
			[]any{other, begun.OwnerID}, fault.CodeFailedPrecondition,
		},
		{
			"OneAddressIsOnePerson",
			`INSERT INTO people (tenant_id, id, organization_id, email, name) VALUES ($1, $2, $3, 'owner@example.COM', '')`,
			[]any{tenant.Default, ident.NewUUID(), begun.OrganizationID}, fault.CodeAlreadyExists,
		},
		{
			"AHumanHasAnAddress",
			`INSERT INTO people (tenant_id, id, organization_id, email, name) VALUES ($1, $2, $3, '', '')`,
			[]any{tenant.Default, ident.NewUUID(), begun.OrganizationID}, fault.CodeInvalid,
		},
		{
			"AMachineHasNone",
			`INSERT INTO people (tenant_id, id, organization_id, email, name, kind) VALUES ($1, $2, $3, 'x@example.com', '', 'service')`,
			[]any{tenant.Default, ident.NewUUID(), begun.OrganizationID}, fault.CodeInvalid,
		},
		{
			"ANameIsOneOrganization",
			`UPDATE organizations SET name = 'FIRST' WHERE tenant_id = $1 AND id = $2`,
			[]any{tenant.Default, otherOrganization}, fault.CodeAlreadyExists,
		},
		{
			"ATokenHasOneHolder",
			`INSERT INTO tokens (tenant_id, id, person_id, name, sha256) VALUES ($1, $2, $3, '', $4)`,
			[]any{tenant.Default, ident.NewUUID(), begun.OwnerID, make([]byte, 32)}, fault.CodeAlreadyExists,
		},
		{
			"ATokenIsKeptAsItsHash",
			`INSERT INTO tokens (tenant_id, id, person_id, name, sha256) VALUES ($1, $2, $3, '', $4)`,
			[]any{tenant.Default, ident.NewUUID(), begun.OwnerID, []byte("secret")}, fault.CodeInvalid,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { // one after the other: they share four connections
			_, err := pool.Exec(t.Context(), tt.statement, tt.args...)
			if got := fault.CodeOf(pg.Translate(err)); got != tt.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

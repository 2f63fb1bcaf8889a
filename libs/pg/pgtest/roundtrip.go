package pgtest

import (
	"context"
	"io/fs"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
)

// catalog lists what a schema contains: columns, constraints, indexes, enums
// and functions, one line each.
const catalog = `
SELECT format('column %s.%s %s %s %s', table_name, column_name, udt_name, is_nullable, column_default)
  FROM information_schema.columns WHERE table_schema = $1
UNION ALL
SELECT format('constraint %s on %s: %s', conname, conrelid::regclass, pg_get_constraintdef(oid))
  FROM pg_constraint WHERE connamespace = $1::regnamespace
UNION ALL
SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = $1
UNION ALL
SELECT format('type %s of kind %s', typname, typtype)
  FROM pg_type WHERE typnamespace = $1::regnamespace AND typtype IN ('e', 'd')
UNION ALL
SELECT format('function %s', oid::regprocedure) FROM pg_proc WHERE pronamespace = $1::regnamespace
UNION ALL
SELECT format('sequence %s', sequencename) FROM pg_sequences WHERE schemaname = $1
ORDER BY 1`

// RoundTrip tests a service's migrations: up, down to nothing, and up again to
// the same schema. A down file that forgets something fails here.
func RoundTrip(t *testing.T, schema string, migrations fs.FS) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	empty := New(t, schema, nil)
	before := describe(ctx, t, empty)
	if err := pg.Migrate(ctx, empty, migrations); err != nil {
		t.Fatalf("first way up: %v", err)
	}
	up := describe(ctx, t, empty)
	if err := pg.MigrateDown(ctx, empty, migrations); err != nil {
		t.Fatalf("way down: %v", err)
	}
	if left := describe(ctx, t, empty); !slices.Equal(left, before) {
		t.Errorf("the down files leave behind: %q", minus(left, before))
	}
	if err := pg.Migrate(ctx, empty, migrations); err != nil {
		t.Fatalf("second way up: %v", err)
	}
	if again := describe(ctx, t, empty); !slices.Equal(again, up) {
		t.Errorf("second way up differs: lacks %q, has %q", minus(up, again), minus(again, up))
	}
}

// describe returns the content of the pool's schema.
func describe(ctx context.Context, t *testing.T, pool *pg.Pool) []string {
	t.Helper()
	rows, err := pool.Query(ctx, catalog, pool.Schema())
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// minus returns the lines of a that are not in b.
func minus(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(line string) bool { return slices.Contains(b, line) })
}

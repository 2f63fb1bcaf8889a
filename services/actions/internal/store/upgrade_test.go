package store_test

import (
	"io/fs"
	"testing"
	"testing/fstest"
	"time"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// The statements with which the code of the first migration writes.
const (
	oldInsertAction = `INSERT INTO actions (tenant_id, organization_id, id, name, name_key, version, timeout_ns, allowed_to_fail, state, sequence, created_at, changed_at)
VALUES ($1, $2, $3, $4, $4, 1, 5, true, 'active', 1, $5, $5)`
	oldInsertVersion = `INSERT INTO action_versions (action_id, version, script, created_at)
SELECT $1, coalesce(max(version), 0) + 1, $2, $3 FROM action_versions WHERE action_id = $1`
	oldUpdateAction = `UPDATE actions SET name = $2, version = 2, sequence = sequence + 1 WHERE id = $1`
)

// firstMigration returns the schema as it was shipped first.
func firstMigration(t *testing.T) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range []string{"migrations/0001_init.up.sql", "migrations/0001_init.down.sql"} {
		text, err := fs.ReadFile(store.Migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	return files
}

// oldAction writes an action of two versions as the old code does.
func oldAction(t *testing.T, pool *pg.Pool, in store.Scope) action.ID {
	t.Helper()
	id := action.ID(ids.Next())
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{oldInsertAction, []any{in.Tenant, in.Organization, id, string(id), now}},
		{oldInsertVersion, []any{id, []byte("one"), now}},
		{oldInsertVersion, []any{id, []byte("two"), now.Add(time.Hour)}},
		{oldUpdateAction, []any{id, string(id)}},
	} {
		if _, err := tx.Exec(t.Context(), statement.sql, statement.args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return id
}

// TestUpgrade has the old code write before the schema changes, and go on
// afterwards while the new one serves beside it.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "actions", firstMigration(t))
	s, in := store.New(pool), newScope()
	before := oldAction(t, pool, in)
	if err := pg.Migrate(t.Context(), pool, store.Migrations); err != nil {
		t.Fatal(err)
	}
	for what, id := range map[string]action.ID{"before": before, "afterwards": oldAction(t, pool, in)} {
		a, page, total, err := s.Versions(t.Context(), in, id, 0, 10)
		if err != nil || total != 2 || len(page) != 2 || a.Version != 2 || a.Latest != 2 {
			t.Fatalf("%s: got %+v, %+v, %v", what, a, page, err)
		}
		for i, want := range []action.VersionState{action.Published, action.Superseded} {
			if v := page[i]; a.StateOf(v) != want || v.Name != string(id) || v.Timeout != 5 || !v.AllowedToFail || v.Checked {
				t.Errorf("%s: got %+v, want it %s", what, v, want)
			}
		}
		if err := replace(t.Context(), s, in, id, func(c *action.Content) { c.Script = "three" }); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		_, v, err := s.Version(t.Context(), in, id, 3)
		if err != nil || v.Script != "three" || v.Author != "author" || v.Published.IsZero() {
			t.Errorf("%s: got %+v, %v", what, v, err)
		}
	}
}

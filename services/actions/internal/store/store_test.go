package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

var now = time.Date(2026, 3, 1, 8, 0, 0, 123456000, time.UTC)

// ids makes the ids of all tests.
var ids = ident.NewSource(1)

func open(t *testing.T) (*store.Store, *pg.Pool) {
	t.Helper()
	pool := pgtest.New(t, "actions", store.Migrations)
	return store.New(pool), pool
}

func newScope() store.Scope {
	return store.Scope{Tenant: tenant.Default, Organization: tenant.OrganizationID(ident.NewUUID())}
}

// create stores an action under the next id.
func create(ctx context.Context, s *store.Store, in store.Scope, c action.Content, next func() string) (action.Action, error) {
	var created action.Action
	err := s.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		a, err := action.New("", in.Organization, c, now)
		if err != nil {
			return err
		}
		if created, err = tx.CreateAction(ctx, in, a, next); err != nil {
			return err
		}
		return tx.AddVersion(ctx, created.ID, created.First(action.NewVersion(c, "", action.Findings{}, "author")))
	})
	return created, err
}

func mustCreate(t *testing.T, s *store.Store, in store.Scope, c action.Content) action.Action {
	t.Helper()
	a, err := create(t.Context(), s, in, c, ids.Next)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// replace changes an action's content.
func replace(ctx context.Context, s *store.Store, in store.Scope, id action.ID, edit func(*action.Content)) error {
	return s.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		before, err := tx.LockAction(ctx, in, id)
		if err != nil {
			return err
		}
		content := before.Content
		edit(&content)
		return release(ctx, tx, before, content, now.Add(time.Hour))
	})
}

// release publishes a new content of an action, which is locked.
func release(ctx context.Context, tx *store.Tx, before action.Action, c action.Content, now time.Time) error {
	after, v, err := before.Release(action.NewVersion(c, "", action.Findings{}, "author"), now)
	if err != nil {
		return err
	}
	if err := tx.AddVersion(ctx, before.ID, v); err != nil {
		return err
	}
	return tx.SaveAction(ctx, after, now)
}

func TestMigrations(t *testing.T) {
	t.Parallel()

	t.Run("UndoThemselves", func(t *testing.T) {
		t.Parallel()
		pgtest.RoundTrip(t, "actions", store.Migrations)
	})
	t.Run("HoldTheOutboxAsItsOwnerWantsIt", func(t *testing.T) {
		t.Parallel()
		for name, want := range map[string]string{"up": outbox.Schema, "down": outbox.DropSchema} {
			text, err := fs.ReadFile(store.Migrations, "migrations/0001_init."+name+".sql")
			if err != nil || !strings.Contains(string(text), want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestAction(t *testing.T) {
	t.Parallel()

	t.Run("ComesBackAsItWas", func(t *testing.T) {
		t.Parallel()
		s, _ := open(t)
		in := newScope()
		want := mustCreate(t, s, in, action.Content{Name: "log context", Script: "\\x00 \\ é\x00\r\n'", Timeout: 1500*time.Millisecond + 1, AllowedToFail: true})
		for _, read := range []func() (action.Action, error){
			func() (action.Action, error) { return s.Action(t.Context(), in, want.ID) },
			func() (action.Action, error) {
				p, err := s.Program(t.Context(), in.Tenant, want.ID, 0)
				return p.Action, err
			},
		} {
			if got, err := read(); err != nil || got != want {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
		}
	})
	t.Run("OfOthersDoesNotExist", func(t *testing.T) {
		t.Parallel()
		s, _ := open(t)
		in := newScope()
		a := mustCreate(t, s, in, action.Content{Name: "a", Script: "x"})
		otherTenant := store.Scope{Tenant: "00000000-0000-4000-8000-000000000002", Organization: in.Organization}
		for _, foreign := range []store.Scope{newScope(), otherTenant} {
			if _, err := s.Action(t.Context(), foreign, a.ID); !errors.Is(err, action.ErrNotFound) {
				t.Errorf("got %v", err)
			}
		}
		if _, err := s.Program(t.Context(), otherTenant.Tenant, a.ID, 0); !errors.Is(err, action.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("IDsThatCannotBeDoNotExist", func(t *testing.T) {
		t.Parallel()
		s, _ := open(t)
		for _, id := range []action.ID{"", "x", "\x00", "-1"} {
			if _, err := s.Action(t.Context(), newScope(), id); !errors.Is(err, action.ErrNotFound) {
				t.Errorf("id %q: got %v", id, err)
			}
		}
	})
	t.Run("TakenIDIsNotUsedTwice", func(t *testing.T) {
		t.Parallel()
		s, _ := open(t)
		in := newScope()
		first := mustCreate(t, s, in, action.Content{Name: "a", Script: "x"})
		tries := []string{string(first.ID), string(first.ID), ids.Next()}
		second, err := create(t.Context(), s, in, action.Content{Name: "b", Script: "y"}, func() (id string) {
			id, tries = tries[0], tries[1:]
			return id
		})
		if err != nil || second.ID == first.ID {
			t.Fatalf("got %s, %v", second.ID, err)
		}
		if got, err := s.Action(t.Context(), in, first.ID); err != nil || got != first {
			t.Errorf("the first became %+v, %v", got, err)
		}
	})
	t.Run("NameIsTakenInAnyCaseOfAnyScript", func(t *testing.T) {
		t.Parallel()
		s, _ := open(t)
		in := newScope()
		mustCreate(t, s, in, action.Content{Name: "Prüfung ÄΩЖ", Script: "x"})
		if _, err := create(t.Context(), s, in, action.Content{Name: "pRÜFUNG äωж", Script: "x"}, ids.Next); !errors.Is(err, action.ErrNameTaken) {
			t.Errorf("create: got %v", err)
		}
		other := mustCreate(t, s, in, action.Content{Name: "other", Script: "x"})
		if err := replace(t.Context(), s, in, other.ID, func(c *action.Content) { c.Name = "PRÜFUNG ÄΩЖ" }); !errors.Is(err, action.ErrNameTaken) {
			t.Errorf("rename: got %v", err)
		}
		mustCreate(t, s, newScope(), action.Content{Name: "Prüfung ÄΩЖ", Script: "x"})
	})
}

func TestVersions(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	in := newScope()
	a := mustCreate(t, s, in, action.Content{Name: "a", Script: "1"})
	for _, edit := range []func(*action.Content){
		func(c *action.Content) { c.Script = "2" },
		func(c *action.Content) { c.Name = "b" },
		func(c *action.Content) { c.Script = "1" },
	} {
		if err := replace(t.Context(), s, in, a.ID, edit); err != nil {
			t.Fatal(err)
		}
	}
	wantVersions(t, pool, a.ID, "1", "2", "2", "1")
	if got, err := s.Action(t.Context(), in, a.ID); err != nil || got.Script != "1" || got.Sequence != 4 || got.Version != 4 || got.Latest != 4 {
		t.Errorf("got %+v, %v", got, err)
	}
	err := s.Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.DeleteAction(ctx, in, a.ID, now) })
	if err != nil {
		t.Fatal(err)
	}
	wantVersions(t, pool, a.ID)
}

// wantVersions compares the scripts of an action's versions.
func wantVersions(t *testing.T, pool *pg.Pool, id action.ID, want ...string) {
	t.Helper()
	rows, err := pool.Query(t.Context(), "SELECT version, script, sha256 FROM action_versions WHERE action_id = $1 ORDER BY version", id)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var version int
		var script, hash []byte
		if err := rows.Scan(&version, &script, &hash); err != nil {
			t.Fatal(err)
		}
		got = append(got, string(script))
		if sum := sha256.Sum256(script); version != len(got) || !slices.Equal(hash, sum[:]) {
			t.Errorf("version %d of %q has hash %x", version, script, hash)
		}
	}
	if rows.Err() != nil || !slices.Equal(got, want) {
		t.Errorf("versions %q, %v; want %q", got, rows.Err(), want)
	}
}

package store_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/targets/internal/secret"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func config(name string) target.Config {
	return target.Config{Name: name, Kind: target.Call, InterruptOnError: true, Timeout: time.Second, Endpoint: "https://example.com", Payload: target.JSON}
}

func sealed(data string) secret.Sealed { return secret.Sealed{KeyID: "k1", Data: []byte(data)} }

// as returns a context of a tenant that nobody else has.
func as(t testing.TB) context.Context {
	return tenant.With(t.Context(), tenant.Identity{Tenant: tenant.ID(ident.NewUUID())})
}

// insert adds a target with one key and returns it.
func insert(ctx context.Context, t testing.TB, s *store.Store, id target.ID) (added target.Target) {
	t.Helper()
	err := s.Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if added, err = tx.InsertTarget(ctx, id, config("t"+string(id))); err != nil {
			return err
		}
		return tx.AddKey(ctx, added, sealed("first"))
	})
	if err != nil {
		t.Fatal(err)
	}
	return added
}

// rotate gives a target a key named data and lets the others go on for overlap.
func rotate(ctx context.Context, t testing.TB, s *store.Store, id target.ID, data string, overlap time.Duration) {
	t.Helper()
	err := s.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		changed, err := tx.UpdateTarget(ctx, id, config("t"+string(id)))
		if err != nil {
			return err
		}
		if err := tx.ExpireKeys(ctx, changed, overlap); err != nil {
			return err
		}
		return tx.AddKey(ctx, changed, sealed(data))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// keys returns the data of a target's valid keys.
func keys(ctx context.Context, t testing.TB, s *store.Store, id target.ID) (data []string) {
	t.Helper()
	err := s.Read(ctx, func(ctx context.Context, tx *store.Tx) error {
		found, err := tx.Keys(ctx, id)
		for _, k := range found {
			data = append(data, string(k.Sealed.Data))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	t.Run("UndoEachOther", func(t *testing.T) {
		t.Parallel()
		pgtest.RoundTrip(t, "targets", store.Migrations)
	})
	t.Run("HoldTheOutboxAsItsLibraryWantsIt", func(t *testing.T) {
		t.Parallel()
		up, err := store.Migrations.ReadFile("migrations/0001_init.up.sql")
		if err != nil || !strings.Contains(string(up), outbox.Schema) {
			t.Errorf("%v\n%s", err, up)
		}
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := store.New(pgtest.New(t, "targets", store.Migrations))

	t.Run("OldOneEndsAtOnceWithoutOverlap", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		insert(ctx, t, s, "11")
		rotate(ctx, t, s, "11", "second", 0)
		if got := keys(ctx, t, s, "11"); !slices.Equal(got, []string{"second"}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("OldOneGoesOnDuringOverlapAndNewestComesFirst", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		insert(ctx, t, s, "12")
		rotate(ctx, t, s, "12", "second", time.Hour)
		rotate(ctx, t, s, "12", "third", time.Hour)
		if got := keys(ctx, t, s, "12"); !slices.Equal(got, []string{"third", "second", "first"}) {
			t.Errorf("got %v", got)
		}
		if got, err := s.Target(ctx, "12"); err != nil || string(got.Key.Data) != "third" {
			t.Errorf("got %+v, %v", got, err)
		}
		rotate(ctx, t, s, "12", "fourth", 0)
		if got := keys(ctx, t, s, "12"); !slices.Equal(got, []string{"fourth"}) {
			t.Errorf("an expiry was put off: %v", got)
		}
	})
	t.Run("GoWithTheirTarget", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		insert(ctx, t, s, "13")
		err := s.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.DeleteTarget(ctx, "13")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := keys(ctx, t, s, "13"); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("UnderAnotherMasterKeyAreCounted", func(t *testing.T) {
		t.Parallel()
		s := store.New(pgtest.New(t, "targets", store.Migrations))
		insert(as(t), t, s, "14")
		for id, want := range map[string]int{"k1": 0, "k2": 1} {
			if n, err := s.SecretsUnderOtherMaster(t.Context(), id); n != want || err != nil {
				t.Errorf("other than %s: %d, %v", id, n, err)
			}
		}
	})
}

func TestTx(t *testing.T) {
	t.Parallel()
	s := store.New(pgtest.New(t, "targets", store.Migrations))

	t.Run("TakenIDLeavesTheTransactionUsable", func(t *testing.T) {
		t.Parallel()
		insert(as(t), t, s, "21")
		ctx := as(t)
		err := s.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.InsertTarget(ctx, "21", config("x")); fault.CodeOf(err) != fault.CodeAlreadyExists {
				t.Errorf("got %v", err)
			}
			added, err := tx.InsertTarget(ctx, "22", config("x"))
			if err != nil {
				return err
			}
			return tx.AddKey(ctx, added, sealed("k"))
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Target(ctx, "22"); err != nil || got.Name != "x" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("AnotherTenantsTargetDoesNotExist", func(t *testing.T) {
		t.Parallel()
		owner, stranger := as(t), as(t)
		insert(owner, t, s, "23")
		attempts := map[string]func(context.Context, *store.Tx) error{
			"lock": func(ctx context.Context, tx *store.Tx) error { _, err := tx.LockTarget(ctx, "23"); return err },
			"update": func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.UpdateTarget(ctx, "23", config("y"))
				return err
			},
			"delete": func(ctx context.Context, tx *store.Tx) error { _, err := tx.DeleteTarget(ctx, "23"); return err },
		}
		for what, attempt := range attempts {
			if err := s.Tx(stranger, attempt); fault.CodeOf(err) != fault.CodeNotFound {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := s.Target(stranger, "23"); fault.CodeOf(err) != fault.CodeNotFound {
			t.Errorf("read: %v", err)
		}
		if found, err := s.Targets(stranger, []target.ID{"23"}); err != nil || len(found) != 0 {
			t.Errorf("read many: %v, %v", found, err)
		}
		if found, err := s.Targets(owner, []target.ID{"23", "23", "24"}); err != nil || len(found) != 1 || found[0].Name != "t23" {
			t.Errorf("owner reads %v, %v", found, err)
		}
	})
	t.Run("KeepsEverythingAndMovesVersionAndDateForward", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		before := insert(ctx, t, s, "25")
		want := target.Config{Name: strings.Repeat("ü", 1000), Kind: target.Async, Timeout: 1, Endpoint: "nats://a", Payload: target.JWE}
		var after target.Target
		err := s.Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			after, err = tx.UpdateTarget(ctx, "25", want)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if after.Config != want || before.Version != 1 || after.Version != 2 ||
			!after.Created.Equal(before.Created) || !after.Changed.After(before.Changed) {
			t.Errorf("before %+v, after %+v", before, after)
		}
		if got, err := s.Target(ctx, "25"); err != nil || got.Target != after {
			t.Errorf("read %+v, %v", got.Target, err)
		}
	})
}

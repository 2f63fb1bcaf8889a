package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/flow"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// TestEditThatWaitsFindsTheAction is about a lock that joins: it would wait for
// the other edit and then miss the action, for its version is a new one.
func TestEditThatWaitsFindsTheAction(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	in := newScope()
	a := mustCreate(t, s, in, action.Content{Name: "a", Script: "0"})
	second := make(chan error, 1)
	err := s.Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		before, err := tx.LockAction(ctx, in, a.ID)
		if err != nil {
			return err
		}
		go func() {
			second <- replace(ctx, s, in, a.ID, func(c *action.Content) { c.Script = "2" })
		}()
		waitForLock(ctx, t, pool)
		return release(ctx, tx, before, action.Content{Name: "a", Script: "1"}, now)
	})
	if err = errors.Join(err, <-second); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Action(t.Context(), in, a.ID); err != nil || got.Script != "2" || got.Sequence != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
	wantVersions(t, pool, a.ID, "0", "1", "2")
}

// waitForLock waits until some transaction of the database waits for another.
func waitForLock(ctx context.Context, t *testing.T, pool *pg.Pool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second) // only a test that fails gets there
	defer cancel()
	const waiting = `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`
	for blocked := false; !blocked; {
		if err := pool.QueryRow(ctx, waiting).Scan(&blocked); err != nil {
			t.Fatalf("nobody waits for a lock: %v", err)
		}
	}
}

// bind makes an action the only one of a trigger.
func bind(ctx context.Context, tx *store.Tx, in store.Scope, f flow.Flow, id action.ID) error {
	list := []action.ID{id}
	f, err := f.Set(flow.PreSAMLResponseCreation, list, list, now)
	if err != nil {
		return err
	}
	return tx.SaveFlow(ctx, in, f, flow.PreSAMLResponseCreation)
}

// remove deletes an action, counting how often it had to try.
func remove(ctx context.Context, s *store.Store, in store.Scope, id action.ID, tries *int) error {
	return s.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		*tries++
		if _, err := tx.LockAction(ctx, in, id); err != nil {
			return err
		}
		return tx.DeleteAction(ctx, in, id, now)
	})
}

func TestActionThatIsBeingDeletedDoesNotExist(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	in := newScope()
	a := mustCreate(t, s, in, action.Content{Name: "a", Script: "x"})
	var existing []action.ID
	second := make(chan error, 1)
	err := s.Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		if err := tx.DeleteAction(ctx, in, a.ID, now); err != nil {
			return err
		}
		go func() {
			second <- s.Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
				existing, err = tx.LockExisting(ctx, in, []action.ID{a.ID})
				return err
			})
		}()
		waitForLock(ctx, t, pool)
		return nil
	})
	if err = errors.Join(err, <-second); err != nil || len(existing) != 0 {
		t.Errorf("got %v, %v", existing, err)
	}
}

// TestSetAndDeleteDoNotWaitInACircle counts: a transaction that was part of a
// circle is tried again.
func TestSetAndDeleteDoNotWaitInACircle(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	in := newScope()
	a, b := mustCreate(t, s, in, action.Content{Name: "a", Script: "x"}), mustCreate(t, s, in, action.Content{Name: "b", Script: "x"})
	err := s.Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		f, err := tx.LockFlow(ctx, in, flow.CustomizeSAMLResponse)
		if err != nil {
			return err
		}
		return bind(ctx, tx, in, f, a.ID)
	})
	if err != nil {
		t.Fatal(err)
	}
	sets, deletes, second := 0, 0, make(chan error, 1)
	err = s.Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		sets++
		f, err := tx.LockFlow(ctx, in, flow.CustomizeSAMLResponse)
		if err != nil {
			return err
		}
		if sets == 1 {
			go func() { second <- remove(ctx, s, in, a.ID, &deletes) }()
			waitForLock(ctx, t, pool)
		}
		return bind(ctx, tx, in, f, b.ID)
	})
	if err = errors.Join(err, <-second); err != nil || sets != 1 || deletes != 1 {
		t.Errorf("%d sets, %d deletes, %v", sets, deletes, err)
	}
	_, bound, err := s.Flow(t.Context(), in, flow.CustomizeSAMLResponse)
	if list := bound[flow.PreSAMLResponseCreation]; err != nil || len(list) != 1 || list[0] != b {
		t.Errorf("bound %v, %v", bound, err)
	}
}

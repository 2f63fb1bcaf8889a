package store_test

import (
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/fairness"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
	"github.com/actionplane/actionplane/services/dispatch/internal/store/migrations"
)

// TestClock lets the database's clock jump, as replicas see it: by the number
// that is added to it, which nobody has changed in order.
func TestClock(t *testing.T) {
	t.Parallel()
	const jumps = `UPDATE clock SET ahead_micros = ahead_micros + $1::bigint * 3600000000`
	for name, hours := range map[string]int{"SetBackKeepsNothingFromBeingDue": -1, "SetAheadEndsNoLease": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t, "dispatch", migrations.FS)
			s := store.New(pool, nil)
			if err := s.CreateRuns(t.Context(), []run.Run{event(1, "leased", delivery.Scheduled)}); err != nil {
				t.Fatal(err)
			}
			if claimed, err := s.Claim(t.Context(), take(1), time.Minute); err != nil || len(claimed) != 1 {
				t.Fatalf("claimed %v, %v", claimed, err)
			}
			if err := s.CreateRuns(t.Context(), []run.Run{event(2, "due", delivery.Scheduled)}); err != nil {
				t.Fatal(err)
			}
			if _, err := pool.Exec(t.Context(), jumps, hours); err != nil {
				t.Fatal(err)
			}
			wantOneDue(t, s) // before it looks again
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for version := 0; version == 0; {
				select {
				case <-tick.C:
				case <-t.Context().Done():
					t.Fatal("the jump is not made good")
				}
				wantOneDue(t, s)
				if err := pool.QueryRow(t.Context(), `SELECT version FROM clock`).Scan(&version); err != nil {
					t.Fatal(err)
				}
			}
			wantOneDue(t, store.New(pool, nil)) // who starts now
		})
	}
	t.Run("SetBackWhileNobodyLookedKeepsNothingFromBeingDue", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "dispatch", migrations.FS)
		if err := store.New(pool, nil).CreateRuns(t.Context(), []run.Run{event(1, "due", delivery.Scheduled)}); err != nil {
			t.Fatal(err)
		}
		if _, err := pool.Exec(t.Context(), jumps, -1); err != nil {
			t.Fatal(err)
		}
		wantOneDue(t, store.New(pool, nil))
	})
}

func wantOneDue(t *testing.T, s *store.Store) {
	t.Helper()
	lanes, _, err := s.Due(t.Context(), fairness.Lane{})
	if err != nil || len(lanes) != 1 || lanes[0].Due != 1 {
		t.Fatalf("due: %v, %v", lanes, err)
	}
}

func TestAlive_CountsNobodyWhoWasSeenBeforeTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "dispatch", migrations.FS)
	if _, err := pool.Exec(t.Context(), `INSERT INTO senders (id, seen_at) VALUES ('gone', now() + interval '1 hour')`); err != nil {
		t.Fatal(err)
	}
	if n, err := store.New(pool, nil).Alive(t.Context(), "here"); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
}

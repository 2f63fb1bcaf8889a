package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/retention"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
	"github.com/actionplane/actionplane/services/dispatch/internal/store/migrations"
	"github.com/actionplane/actionplane/services/dispatch/internal/sweeper"
)

const day = 24 * time.Hour

// aged is a run that was made some time ago, and whose deliveries have been as
// they are since then. No two are of the same n.
func aged(t testing.TB, n int, age time.Duration, states ...delivery.State) run.Run {
	t.Helper()
	at := time.Now().Add(-age).UTC().Truncate(time.Microsecond)
	id := run.ID(ident.Of(at, uint64(n)))
	r := event(id, fmt.Sprintf("aged-%d", n), states...)
	r.CreatedAt = at
	for i := range r.Deliveries {
		d := &r.Deliveries[i]
		d.ID, d.CreatedAt, d.Changed = run.DeliveryID(id)+run.DeliveryID(i), at, at
		if d.State.Waiting() {
			d.Due = at
		}
		d.Attempts = []run.Attempt{{Number: 1, StartedAt: at, Outcome: delivery.OutcomeFailed}}
	}
	return r
}

// hook is the run of a hook.
func hook(r run.Run) run.Run {
	r.EventID, r.TriggerKind = "", run.TriggerRequest
	return r
}

// nothing is a stream without messages.
func nothing(context.Context) (time.Time, time.Duration, error) { return time.Time{}, 0, nil }

// sweeping runs a sweeper until the test ends.
func sweeping(t *testing.T, s *store.Store, page int) *sweeper.Sweeper {
	t.Helper()
	w := sweeper.New(sweeper.Config{Policy: retention.DefaultPolicy(), Every: time.Millisecond, Page: page},
		sweeper.Deps{Store: s, Events: nothing, Runs: nothing, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return w
}

// ids are those in a table, in order.
func ids(t *testing.T, db *pg.Pool, statement string) []int64 {
	t.Helper()
	rows, err := db.Query(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// until waits for what becomes true by itself.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(30 * time.Second)
	for !condition() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

// TestExpire: two replicas delete at once, some rows at a time; exactly what has
// been over for long enough goes, and all that is of it.
func TestExpire(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, "dispatch", migrations.FS)
	s := store.New(db, nil)
	var all, kept []run.Run
	n := 0
	add := func(keep bool, age time.Duration, change func(run.Run) run.Run, states ...delivery.State) {
		n++
		r := aged(t, n, age+time.Duration(n)*time.Second, states...)
		if change != nil {
			r = change(r)
		}
		if all = append(all, r); keep {
			kept = append(kept, r)
		}
	}
	for range 20 {
		add(false, 7*day, nil, delivery.Succeeded, delivery.Succeeded)
		add(true, 6*day, nil, delivery.Succeeded)
		add(false, 30*day, nil, delivery.Exhausted, delivery.Canceled)
		add(true, 29*day, nil, delivery.Succeeded, delivery.Failed)
		add(false, 7*day, hook)
		add(true, 6*day, hook)
		for _, alive := range []delivery.State{delivery.Held, delivery.Queued, delivery.Scheduled, delivery.Sending, delivery.BackingOff} {
			add(true, 99*day, nil, delivery.Succeeded, alive)
		}
	}
	if err := s.CreateRuns(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	// Of a hook whose run was not recorded.
	alone, young := aged(t, 9998, 31*day, delivery.Failed), aged(t, 9999, 29*day, delivery.Failed)
	if err := s.CreateDeliveries(t.Context(), slices.Concat(alone.Deliveries, young.Deliveries)); err != nil {
		t.Fatal(err)
	}
	var runs, deliveries []int64
	for _, r := range kept {
		runs = append(runs, int64(r.ID))
		for _, d := range r.Deliveries {
			deliveries = append(deliveries, int64(d.ID))
		}
	}
	deliveries = append(deliveries, int64(young.Deliveries[0].ID))
	slices.Sort(runs)
	slices.Sort(deliveries)

	a, b := sweeping(t, s, 7), sweeping(t, s, 9)
	until(t, "what has expired to go", func() bool {
		return len(ids(t, db, `SELECT id FROM runs`)) <= len(runs) && len(ids(t, db, `SELECT id FROM deliveries`)) <= len(deliveries)
	})
	for statement, want := range map[string][]int64{
		`SELECT id FROM runs ORDER BY id`:                       runs,
		`SELECT id FROM deliveries ORDER BY id`:                 deliveries,
		`SELECT delivery_id FROM attempts ORDER BY delivery_id`: deliveries,
	} {
		if got := ids(t, db, statement); !slices.Equal(got, want) {
			t.Errorf("%s: %d, want %d", statement, len(got), len(want))
		}
	}
	until(t, "everything to be counted, once", func() bool {
		ra, da, aa := a.Deleted()
		rb, db, ab := b.Deleted()
		return ra+rb == 60 && da+db == 81 && aa+ab == 81
	})
}

func expired(run.Run) bool { return true }

func TestDeleteRuns_OneReplicaAtATime(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, "dispatch", migrations.FS)
	s := store.New(db, nil)
	if err := s.CreateRuns(t.Context(), []run.Run{aged(t, 1, day, delivery.Succeeded)}); err != nil {
		t.Fatal(err)
	}
	page := sweeper.Page{Before: 1 << 62, Limit: 10}
	_, err := s.DeleteRuns(t.Context(), page, func(run.Run) bool {
		if other, err := s.DeleteRuns(t.Context(), page, expired); err != nil || !other.Busy || other.Runs != 0 {
			t.Errorf("another: %+v, %v", other, err)
		}
		return true
	})
	if left := ids(t, db, `SELECT id FROM runs`); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// TestDeleteRuns_SparesWhatIsReplayedMeanwhile: somebody replays a dead letter
// while it is being deleted, and is first.
func TestDeleteRuns_SparesWhatIsReplayedMeanwhile(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, "dispatch", migrations.FS)
	s := store.New(db, nil)
	r := aged(t, 1, 40*day, delivery.Succeeded, delivery.Failed)
	if err := s.CreateRuns(t.Context(), []run.Run{r}); err != nil {
		t.Fatal(err)
	}
	rules := retention.Rules{Policy: retention.DefaultPolicy(), Now: time.Now(), Oldest: time.Now()}
	done := make(chan error, 1)
	err := db.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE deliveries SET state = 'scheduled' WHERE id = $1`, int64(r.Deliveries[1].ID)); err != nil {
			return err
		}
		go func() {
			_, err := s.DeleteRuns(ctx, sweeper.Page{Before: 1 << 62, Limit: 10}, rules.Expired)
			done <- err
		}()
		until(t, "the deletion to wait", func() bool {
			return len(ids(t, db, `SELECT pid::bigint FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)) == 1
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := states(t, s, r.ID); got != "succeeded scheduled" {
		t.Errorf("left: %q", got)
	}
}

// BenchmarkDeleteRuns is what it costs to delete a run of an event with its
// delivery and attempt.
func BenchmarkDeleteRuns(b *testing.B) {
	s := store.New(pgtest.New(b, "dispatch", migrations.FS), nil)
	for b.Loop() {
		b.StopTimer()
		runs := make([]run.Run, 500)
		for i := range runs {
			runs[i] = aged(b, i+1, day+time.Duration(i)*time.Millisecond, delivery.Succeeded)
		}
		if err := s.CreateRuns(b.Context(), runs); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if swept, err := s.DeleteRuns(b.Context(), sweeper.Page{Before: 1 << 62, Limit: 500}, expired); err != nil || swept.Runs != 500 {
			b.Fatal(swept, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(500*b.N), "µs/run")
}

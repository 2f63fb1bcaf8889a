package store_test

import (
	"fmt"
	"testing"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/doorman"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
	"github.com/actionplane/actionplane/services/dispatch/internal/store/migrations"
)

// TestKnownEvents_KeepsNoPlanOfASmallTable asks while there is one run, and
// Postgres knows, so that its best plan is to read the whole table; and again
// when there are many.
func TestKnownEvents_KeepsNoPlanOfASmallTable(t *testing.T) {
	t.Parallel()
	pool, err := pg.Open(t.Context(), pg.Config{URL: pgtest.URL(t, "dispatch", migrations.FS), Schema: "dispatch", MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	s := store.New(pool, nil)
	ask := func(id string) bool {
		t.Helper()
		question := doorman.Question{Event: run.Event{Tenant: tenantID, ID: id}}
		if err := s.KnownEvents(t.Context(), []*doorman.Question{&question}); err != nil {
			t.Fatal(err)
		}
		return question.Known
	}
	read := func() (whole int) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), `SELECT pg_stat_force_next_flush()`); err != nil {
			t.Fatal(err)
		}
		if err := pool.QueryRow(t.Context(), `SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'runs'`).Scan(&whole); err != nil {
			t.Fatal(err)
		}
		return whole
	}
	runs := make([]run.Run, 5000)
	for i := range runs {
		runs[i] = event(run.ID(i+1), fmt.Sprintf("event-%d", i), delivery.Scheduled)
	}
	if err := s.CreateRuns(t.Context(), runs[:1]); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `ANALYZE runs`); err != nil {
		t.Fatal(err)
	}
	for range 10 { // a plan is chosen for good after five
		if !ask("event-0") || ask("event-7") {
			t.Fatal("the one event is not told from others")
		}
	}
	if err := s.CreateRuns(t.Context(), runs[1:]); err != nil {
		t.Fatal(err)
	}
	before := read()
	for i := range 20 {
		if !ask(fmt.Sprintf("event-%d", 7*i)) || ask(fmt.Sprintf("new-%d", i)) {
			t.Fatalf("event %d is not told from a new one", 7*i)
		}
	}
	if whole := read() - before; whole != 0 {
		t.Errorf("the table was read from end to end %d times", whole)
	}
}

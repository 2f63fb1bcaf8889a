package store_test

import (
	"log/slog"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/journal"
	"github.com/actionplane/actionplane/services/scripts/internal/store"
	"github.com/actionplane/actionplane/services/scripts/internal/store/migrations"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestMigrations(t *testing.T) {
	t.Parallel()
	pgtest.RoundTrip(t, "scripts", migrations.FS)
}

func TestRecord(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, "scripts", migrations.FS)
	s, in := store.New(db), store.Scope{Tenant: "t", Organization: "o"}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	want := journal.Entry{
		ID: 7, Tenant: "t", Organization: "o", ActionID: "1", ActionName: "a", Version: 4_000_000_000, Trigger: invocation.Trigger{Flow: 2, Type: 5},
		RunID: "9", Started: at, Duration: time.Second, CPU: time.Millisecond, PeakMemory: 1 << 40, Outcome: journal.Failed,
		Failure: journal.Failure{Kind: "thrown", Message: "x", Line: 3, Column: 4}, AllowedToFail: true, LogsTruncated: true,
		Logs:  []invocation.LogEntry{{Time: at, Level: slog.LevelWarn, Message: "odd \x00 ü"}},
		Calls: []invocation.Call{{Start: at, Method: "GET", URL: "https://example.org", Status: 200, Sent: 1, Received: 2, Duration: 3, Error: "e"}},
	}
	if err := s.Record(t.Context(), []journal.Entry{want, {ID: 8, Tenant: "t", Organization: "o", ActionName: "\x00\xff"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Record(t.Context(), []journal.Entry{want}); err != nil {
		t.Errorf("again: %v", err)
	}
	got, err := s.Invocation(t.Context(), in, 7)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if list, err := s.Invocations(t.Context(), in, store.Filter{Limit: 10}); err != nil || len(list) != 2 || list[0].ID != 8 || list[0].ActionName != "\uFFFD" {
		t.Errorf("got %+v, %v", list, err)
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, "scripts", migrations.FS)
	s := store.New(db)
	var entries []journal.Entry
	for id := journal.ID(1); id <= 5; id++ {
		entries = append(entries, journal.Entry{ID: id, Tenant: "t", Organization: "o"})
	}
	if err := s.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	other, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(t.Context(), `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.retention', 0))`); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Forget(t.Context(), 4, 2); err != nil || n != 0 {
		t.Errorf("while another replica is at it: %d, %v", n, err)
	}
	if err := other.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 1, 0} {
		if n, err := s.Forget(t.Context(), 4, 2); err != nil || n != want {
			t.Errorf("forgot %d, want %d: %v", n, want, err)
		}
	}
}

package store_test

import (
	"maps"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
	"github.com/actionplane/actionplane/services/dispatch/internal/store/migrations"
)

func TestBacklog(t *testing.T) {
	t.Parallel()
	s := store.New(pgtest.New(t, "dispatch", migrations.FS), nil)
	now := time.Now()
	if b, err := s.Backlog(t.Context(), now); err != nil || len(b.States) > 0 || b.Dead != 0 || b.Oldest != 0 {
		t.Fatalf("of nothing: %+v, %v", b, err)
	}
	due := event(1, "a", delivery.Scheduled, delivery.Held, delivery.Held)
	due.Deliveries[0].Due = now.Add(-time.Minute)
	later := event(2, "b", delivery.BackingOff, delivery.Queued)
	later.Deliveries[0].Due = now.Add(time.Hour)
	over := event(3, "c", delivery.Succeeded, delivery.Failed, delivery.Exhausted, delivery.Canceled)
	var told []run.Delivery
	s.Tell(func(d []run.Delivery) { told = append(told, d...) })
	if err := s.CreateRuns(t.Context(), []run.Run{due, later, over}); err != nil {
		t.Fatal(err)
	}
	if len(told) != 9 {
		t.Errorf("told of %d deliveries, want 9", len(told))
	}
	b, err := s.Backlog(t.Context(), now)
	want := map[delivery.State]int64{delivery.Scheduled: 1, delivery.Held: 2, delivery.BackingOff: 1, delivery.Queued: 1}
	if err != nil || !maps.Equal(b.States, want) || b.Dead != 2 || b.Oldest.Round(time.Second) != time.Minute {
		t.Errorf("got %+v, %v", b, err)
	}
}

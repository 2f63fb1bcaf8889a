package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/doorman"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
	"github.com/actionplane/actionplane/services/dispatch/internal/store/migrations"
)

// TestOvertaking: one replica at a time, and what it has in hand others know of
// until it is done, or, where it came to grief, until somebody looks.
func TestOvertaking(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "dispatch", migrations.FS)
	s, other := store.New(pool, nil), store.New(pool, nil)
	if err := s.CreateRuns(t.Context(), []run.Run{event(1, "known", delivery.Scheduled)}); err != nil {
		t.Fatal(err)
	}
	of := func(id string) run.Event { return run.Event{Tenant: tenantID, ID: id} }
	met := func(known, claimed string) {
		t.Helper()
		asked := []*doorman.Question{{Event: of("a")}, {Event: of("known")}, {Event: of("b")}, {Event: run.Event{Tenant: "other", ID: "a"}}}
		if err := other.KnownEvents(t.Context(), asked); err != nil {
			t.Fatal(err)
		}
		var isKnown, isClaimed string
		for _, q := range asked {
			isKnown += map[bool]string{true: "x", false: "."}[q.Known]
			isClaimed += map[bool]string{true: "x", false: "."}[q.Claimed]
		}
		if isKnown != known || isClaimed != claimed {
			t.Errorf("known are %s, claimed %s; want %s and %s", isKnown, isClaimed, known, claimed)
		}
	}
	err := s.Overtaking(t.Context(), func(ctx context.Context) error {
		if err := s.ClaimEvents(ctx, []run.Event{of("b"), of("b")}); err != nil {
			return err
		}
		met(".x..", "..x.")
		if err := s.ClaimEvents(ctx, []run.Event{of("a"), of("known")}); err != nil {
			return err
		}
		met(".x..", "xx..")
		busy := true
		if err := errors.Join(other.Overtaking(ctx, func(context.Context) error { busy = false; return nil }), other.DisclaimEvents(ctx)); err != nil || !busy {
			t.Errorf("another was let in: %t, %v", !busy, err)
		}
		met(".x..", "xx..")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	met(".x..", "....")
	grief := errors.New("grief")
	err = s.Overtaking(t.Context(), func(ctx context.Context) error { return errors.Join(s.ClaimEvents(ctx, []run.Event{of("a")}), grief) })
	if !errors.Is(err, grief) {
		t.Error(err)
	}
	met(".x..", "x...")
	if err := other.DisclaimEvents(t.Context()); err != nil {
		t.Fatal(err)
	}
	met(".x..", "....")
}

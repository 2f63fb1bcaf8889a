package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

const (
	// One replica at a time lets events overtake: two would take the same ones.
	// Until the transaction ends, so that it also holds behind a pooler.
	lockOvertaking = `SELECT pg_try_advisory_xact_lock(hashtext(current_schema() || '.overtaking'))`

	claimEvents = `INSERT INTO overtaking (tenant_id, event_id) SELECT DISTINCT * FROM unnest($1::text[], $2::text[])`

	// Only who has the lock has rows there.
	disclaimEvents = `DELETE FROM overtaking`
)

// Overtaking calls f where no other replica is at it; otherwise it does nothing.
// What f claims is so until it has returned.
func (s *Store) Overtaking(ctx context.Context, f func(context.Context) error) error {
	err := s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var ours bool
		if err := tx.QueryRow(ctx, lockOvertaking).Scan(&ours); err != nil || !ours {
			return err
		}
		if err := f(ctx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, disclaimEvents)
		return err
	})
	if err != nil {
		return fmt.Errorf("overtake: %w", err)
	}
	return nil
}

// ClaimEvents lets others know, as KnownEvents tells them, that events are in hand
// before their turn: these, and none that were before. Only f of Overtaking may.
func (s *Store) ClaimEvents(ctx context.Context, events []run.Event) error {
	tenants, ids := make([]string, len(events)), make([]string, len(events))
	for i, e := range events {
		tenants[i], ids[i] = clean(e.Tenant), clean(e.ID)
	}
	err := s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, disclaimEvents); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, claimEvents, tenants, ids)
		return err
	})
	if err != nil {
		return fmt.Errorf("claim events: %w", err)
	}
	return nil
}

// DisclaimEvents gives up what was claimed by a replica that is no more.
func (s *Store) DisclaimEvents(ctx context.Context) error {
	return s.Overtaking(ctx, func(context.Context) error { return nil })
}

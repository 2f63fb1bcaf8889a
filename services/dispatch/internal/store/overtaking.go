package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// One replica at a time lets events overtake: two would take the same ones. Until
// the transaction ends, so that it also holds behind a pooler.
const lockOvertaking = `SELECT pg_try_advisory_xact_lock(hashtext(current_schema() || '.overtaking'))`

// Overtaking calls f where no other replica is at it; otherwise it does nothing.
func (s *Store) Overtaking(ctx context.Context, f func(context.Context) error) error {
	err := s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var ours bool
		if err := tx.QueryRow(ctx, lockOvertaking).Scan(&ours); err != nil || !ours {
			return err
		}
		return f(ctx)
	})
	if err != nil {
		return fmt.Errorf("overtake: %w", err)
	}
	return nil
}

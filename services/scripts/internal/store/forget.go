package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/scripts/internal/journal"
)

const (
	// One replica at a time deletes; the others need not wait for it.
	lockRetention = `SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema() || '.retention', 0))`

	// Index: invocations_pkey.
	deleteOldest = `DELETE FROM invocations WHERE id IN (SELECT id FROM invocations WHERE id < $1 ORDER BY id LIMIT $2)`

	selectNow = `SELECT now()`
)

// Now returns the time as the database has it.
func (s *Store) Now(ctx context.Context) (now time.Time, err error) {
	if err := s.db.QueryRow(ctx, selectNow).Scan(&now); err != nil {
		return now, fmt.Errorf("ask for the time: %w", pg.Translate(err))
	}
	return now, nil
}

// Forget deletes invocations older than before, the oldest first, at most limit
// of them, and returns how many it did. None also where another replica is at
// it.
func (s *Store) Forget(ctx context.Context, before journal.ID, limit int) (deleted int, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		deleted = 0
		var mine bool
		if err := tx.QueryRow(ctx, lockRetention).Scan(&mine); err != nil || !mine {
			return err
		}
		tag, err := tx.Exec(ctx, deleteOldest, int64(before), limit)
		deleted = int(tag.RowsAffected())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("forget old invocations: %w", err)
	}
	return deleted, nil
}

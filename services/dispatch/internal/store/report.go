package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/services/dispatch/internal/clock"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Report applies what became of attempts and lets the steps go, or cancels
// them, that waited for it. A delivery that somebody has taken over or canceled
// meanwhile keeps its state, and the attempt is only recorded; one that is not
// there is passed by.
func (s *Store) Report(ctx context.Context, reports []run.Report) error {
	m, err := s.moment(ctx)
	if err != nil {
		return err
	}
	var changed []run.Delivery
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		ids := make([]run.ID, len(reports))
		for i, r := range reports {
			ids[i] = r.Run
		}
		byRun, err := lockRuns(ctx, tx, m, ids)
		if err != nil {
			return err
		}
		changed = nil
		var attempts []attemptRow
		for _, steps := range byRun {
			c, a := steps.apply(reports)
			changed, attempts = append(changed, c...), append(attempts, a...)
		}
		if err := insertAttempts(ctx, tx, attempts); err != nil {
			return err
		}
		return updateDeliveries(ctx, tx, m, changed)
	})
	if err != nil {
		return fmt.Errorf("record attempts: %w", err)
	}
	s.touch(changed)
	return nil
}

// Index: deliveries_run. Locked in the order of ids, so that no two
// transactions wait for each other.
const lockDeliveries = `SELECT ` + deliveryColumns + ` FROM deliveries d WHERE d.run_id = ANY($1) ORDER BY d.id FOR UPDATE`

func lockRuns(ctx context.Context, tx pgx.Tx, m clock.Moment, ids []run.ID) (map[run.ID]*steps, error) {
	rows, err := tx.Query(ctx, lockDeliveries, int64s(ids))
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, scanBy(m))
	if err != nil {
		return nil, err
	}
	byRun := map[run.ID]*steps{}
	for _, d := range found {
		if byRun[d.Run] == nil {
			byRun[d.Run] = &steps{}
		}
		byRun[d.Run].add(d)
	}
	return byRun, nil
}

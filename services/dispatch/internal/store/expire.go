package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/sweeper"
)

const (
	// One replica at a time deletes: two would only get in each other's way.
	// Until the transaction ends, so that it also holds behind a pooler.
	lockExpiry = `SELECT pg_try_advisory_xact_lock(hashtext(current_schema() || '.retention'))`

	// Index: runs_pkey.
	selectOldRuns = `SELECT id, trigger_kind, created_at FROM runs WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3`

	// Indexes: deliveries_pkey, runs_pkey.
	selectOldDeliveries = `SELECT d.id, d.run_id, d.state, d.changed_at, r.id IS NULL
FROM (SELECT id, run_id, state, changed_at FROM deliveries WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3) d
LEFT JOIN runs r ON r.id = d.run_id ORDER BY d.id`

	// Index: deliveries_run.
	selectEnds = `SELECT id, run_id, state, changed_at FROM deliveries WHERE run_id = ANY($1) ORDER BY id`

	// Locked in the order of ids, as whoever reports or replays does. They are
	// read again: one may have been replayed meanwhile.
	lockEnds = selectEnds + ` FOR UPDATE`

	deleteAttempts   = `DELETE FROM attempts WHERE delivery_id = ANY($1)`
	deleteDeliveries = `DELETE FROM deliveries WHERE id = ANY($1)`
	deleteRuns       = `DELETE FROM runs WHERE id = ANY($1)`

	selectNow = `SELECT now()`
)

// Now returns the time as the database has it.
func (s *Store) Now(ctx context.Context) (now time.Time, err error) {
	if err := s.db.QueryRow(ctx, selectNow).Scan(&now); err != nil {
		return now, fmt.Errorf("ask for the time: %w", pg.Translate(err))
	}
	return now.UTC(), nil
}

// DeleteRuns deletes the runs of a page that have expired, with all that is
// theirs.
func (s *Store) DeleteRuns(ctx context.Context, p sweeper.Page, expired func(run.Run) bool) (sweeper.Swept, error) {
	return s.sweep(ctx, func(ctx context.Context, tx pgx.Tx) (swept sweeper.Swept, err error) {
		runs, err := oldRuns(ctx, tx, p)
		if err != nil || len(runs) == 0 {
			return swept, err
		}
		if len(runs) == p.Limit {
			swept.Next = int64(runs[len(runs)-1].ID)
		}
		for _, statement := range []string{selectEnds, lockEnds} {
			if runs, err = chooseRuns(ctx, tx, statement, runs, expired); err != nil || len(runs) == 0 {
				return swept, err
			}
		}
		var deliveries []int64
		for _, r := range runs {
			for _, d := range r.Deliveries {
				deliveries = append(deliveries, int64(d.ID))
			}
		}
		return swept, remove(ctx, tx, idsOf(runs), deliveries, &swept)
	})
}

// DeleteAlone deletes the deliveries of a page that have expired and whose run
// was never recorded.
func (s *Store) DeleteAlone(ctx context.Context, p sweeper.Page, expired func(run.Delivery) bool) (sweeper.Swept, error) {
	return s.sweep(ctx, func(ctx context.Context, tx pgx.Tx) (swept sweeper.Swept, err error) {
		runs, next, err := runsNotRecorded(ctx, tx, p, expired)
		swept.Next = next
		if err != nil || len(runs) == 0 {
			return swept, err
		}
		locked, err := ends(ctx, tx, lockEnds, runs)
		if err != nil {
			return swept, err
		}
		var chosen []int64
		for _, d := range locked {
			if expired(d) {
				chosen = append(chosen, int64(d.ID))
			}
		}
		return swept, remove(ctx, tx, nil, chosen, &swept)
	})
}

// runsNotRecorded returns the runs that are not there of deliveries that have
// expired; next is the last id of a page behind which there may be another.
func runsNotRecorded(ctx context.Context, tx pgx.Tx, p sweeper.Page, expired func(run.Delivery) bool) (runs []int64, next int64, err error) {
	rows, err := tx.Query(ctx, selectOldDeliveries, p.After, p.Before, p.Limit)
	if err != nil {
		return nil, 0, err
	}
	var d run.Delivery
	var alone bool
	tag, err := pgx.ForEachRow(rows, []any{&d.ID, &d.Run, &d.State, &d.Changed, &alone}, func() error {
		if alone && expired(d) {
			runs = append(runs, int64(d.Run))
		}
		return nil
	})
	if tag.RowsAffected() == int64(p.Limit) {
		next = int64(d.ID)
	}
	return runs, next, err
}

// sweep runs what deletes, unless another replica is at it.
func (s *Store) sweep(ctx context.Context, what func(context.Context, pgx.Tx) (sweeper.Swept, error)) (swept sweeper.Swept, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var ours bool
		if err := tx.QueryRow(ctx, lockExpiry).Scan(&ours); err != nil {
			return err
		}
		if !ours {
			swept = sweeper.Swept{Busy: true}
			return nil
		}
		swept, err = what(ctx, tx)
		return err
	})
	if err != nil {
		return sweeper.Swept{}, fmt.Errorf("delete what has expired: %w", err)
	}
	return swept, nil
}

func oldRuns(ctx context.Context, tx pgx.Tx, p sweeper.Page) ([]run.Run, error) {
	rows, err := tx.Query(ctx, selectOldRuns, p.After, p.Before, p.Limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r run.Run, err error) {
		err = row.Scan(&r.ID, &r.TriggerKind, &r.CreatedAt)
		return r, err
	})
}

// chooseRuns returns the runs that have expired, with their deliveries as the
// statement reads them.
func chooseRuns(ctx context.Context, tx pgx.Tx, statement string, runs []run.Run, expired func(run.Run) bool) ([]run.Run, error) {
	found, err := ends(ctx, tx, statement, idsOf(runs))
	if err != nil {
		return nil, err
	}
	byRun := make(map[run.ID][]run.Delivery, len(runs))
	for _, d := range found {
		byRun[d.Run] = append(byRun[d.Run], d)
	}
	var chosen []run.Run
	for _, r := range runs {
		if r.Deliveries = byRun[r.ID]; expired(r) {
			chosen = append(chosen, r)
		}
	}
	return chosen, nil
}

// ends returns what tells of deliveries whether they have expired.
func ends(ctx context.Context, tx pgx.Tx, statement string, runs []int64) ([]run.Delivery, error) {
	rows, err := tx.Query(ctx, statement, runs)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d run.Delivery, err error) {
		err = row.Scan(&d.ID, &d.Run, &d.State, &d.Changed)
		return d, err
	})
}

func idsOf(runs []run.Run) []int64 {
	ids := make([]int64, len(runs))
	for i, r := range runs {
		ids[i] = int64(r.ID)
	}
	return ids
}

// remove deletes and counts.
func remove(ctx context.Context, tx pgx.Tx, runs, deliveries []int64, swept *sweeper.Swept) error {
	for _, part := range []struct {
		statement string
		ids       []int64
		count     *int64
	}{
		{deleteAttempts, deliveries, &swept.Attempts},
		{deleteDeliveries, deliveries, &swept.Deliveries},
		{deleteRuns, runs, &swept.Runs},
	} {
		if len(part.ids) == 0 {
			continue
		}
		tag, err := tx.Exec(ctx, part.statement, part.ids)
		if err != nil {
			return err
		}
		*part.count = tag.RowsAffected()
	}
	return nil
}

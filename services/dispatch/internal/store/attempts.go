package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// attemptRow is an attempt of a delivery.
type attemptRow struct {
	delivery run.DeliveryID
	run.Attempt
}

// first returns the attempt that is kept in its delivery's row, nil where there is
// none: the only one, and it succeeded.
func first(d *run.Delivery) *run.Attempt {
	if len(d.Attempts) != 1 {
		return nil
	}
	if a := &d.Attempts[0]; a.Number == 1 && a.Outcome == delivery.OutcomeSucceeded && a.Error == "" {
		return a
	}
	return nil
}

// A result that comes after its worker was given up for lost replaces what was
// written then.
const insertAttemptRows = `INSERT INTO attempts (delivery_id, number, started_at, duration_nanos, outcome, status, error)
SELECT * FROM unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::bigint[], $5::text[], $6::int[], $7::text[])
ON CONFLICT (delivery_id, number) DO UPDATE SET started_at = excluded.started_at, duration_nanos = excluded.duration_nanos,
    outcome = excluded.outcome, status = excluded.status, error = excluded.error`

func insertAttempts(ctx context.Context, tx pgx.Tx, rows []attemptRow) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, insertAttemptRows, attemptRows(rows)...)
	return err
}

// attemptRows returns the arguments of insertAttemptRows.
func attemptRows(rows []attemptRow) []any {
	n := len(rows)
	deliveries, numbers, started := make([]int64, n), make([]int32, n), make([]time.Time, n)
	durations, outcomes, statuses, errs := make([]int64, n), make([]string, n), make([]int32, n), make([]string, n)
	for i, a := range rows {
		deliveries[i], numbers[i], started[i] = int64(a.delivery), int32(a.Number), a.StartedAt
		durations[i], outcomes[i], statuses[i], errs[i] = int64(a.Duration), string(a.Outcome), int32(a.Status), clean(a.Error)
	}
	return []any{deliveries, numbers, started, durations, outcomes, statuses, errs}
}

// Index: attempts_pkey.
const selectAttempts = `SELECT delivery_id, number, started_at, duration_nanos, outcome, status, error
FROM attempts WHERE delivery_id = ANY($1) ORDER BY delivery_id, number`

// loadAttempts returns the attempts that deliveries have rows of, in order.
func (s *Store) loadAttempts(ctx context.Context, ids []run.DeliveryID) (map[run.DeliveryID][]run.Attempt, error) {
	rows, err := s.db.Query(ctx, selectAttempts, int64s(ids))
	if err != nil {
		return nil, err
	}
	found := make(map[run.DeliveryID][]run.Attempt, len(ids))
	var (
		id       int64
		number   int32
		status   int32
		duration int64
		outcome  string
		a        run.Attempt
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &number, &a.StartedAt, &duration, &outcome, &status, &a.Error}, func() error {
		a.Number, a.Status, a.Duration, a.Outcome = int(number), int(status), time.Duration(duration), delivery.Outcome(outcome)
		a.StartedAt = a.StartedAt.UTC()
		found[run.DeliveryID(id)] = append(found[run.DeliveryID(id)], a)
		return nil
	})
	return found, err
}

package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/dispatch/internal/clock"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/fairness"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Indexes: deliveries_lane, and runs' key, one look-up a row: LIMIT keeps the
// planner from joining all of runs. Rows that another replica is claiming are
// passed by. The run of a hook may not be written yet.
const claimDue = `SELECT ` + deliveryColumns + `, coalesce(d.body, r.body), coalesce(r.condition, ''),
    coalesce(d.traceparent, '')
FROM unnest($1::text[], $2::text[], $3::int[]) AS t (tenant_id, target_id, n)
CROSS JOIN LATERAL (SELECT * FROM deliveries l WHERE l.tenant_id = t.tenant_id AND l.target_id = t.target_id AND l.wake_at <= $4
    ORDER BY l.wake_at LIMIT t.n FOR UPDATE SKIP LOCKED) d
LEFT JOIN LATERAL (SELECT body, condition FROM runs WHERE id = d.run_id LIMIT 1) r ON true`

// Claim starts attempts of deliveries that are due, as many of each target as
// takes say, and leases them for their target's timeout and margin. One whose
// lease ran out is due, too: its worker is lost, and so is what came of its
// attempt. Times to wake at are written and read by the clock that replicas
// share, see package clock: theirs and the database's may stand where they like.
func (s *Store) Claim(ctx context.Context, takes []fairness.Take, margin time.Duration) (claimed []run.Delivery, err error) {
	m, err := s.moment(ctx)
	if err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		now := time.Now()
		due, err := selectDue(ctx, tx, m, takes, now)
		if err != nil {
			return err
		}
		var lost []attemptRow
		if claimed, lost, err = start(due, now, margin); err != nil {
			return err
		}
		if err := insertAttempts(ctx, tx, lost); err != nil {
			return err
		}
		return updateDeliveries(ctx, tx, m, claimed)
	})
	if err != nil {
		return nil, fmt.Errorf("claim due deliveries: %w", err)
	}
	return claimed, nil
}

func selectDue(ctx context.Context, tx pgx.Tx, m clock.Moment, takes []fairness.Take, now time.Time) ([]run.Delivery, error) {
	tenants, targets, counts := make([]string, len(takes)), make([]string, len(takes)), make([]int32, len(takes))
	for i, t := range takes {
		tenants[i], targets[i], counts[i] = t.Tenant, t.Target, int32(t.N)
	}
	rows, err := tx.Query(ctx, claimDue, tenants, targets, counts, m.Shared(now))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (run.Delivery, error) {
		var body []byte
		var condition, traceparent string
		d, err := scanDelivery(m, row, &body, &condition, &traceparent)
		d.Body, d.Condition, d.Traceparent = body, condition, traceparent
		return d, err
	})
}

// start begins an attempt of each delivery, after giving up the one under way.
func start(due []run.Delivery, now time.Time, margin time.Duration) (started []run.Delivery, lost []attemptRow, err error) {
	for _, d := range due {
		if d.State == delivery.Sending {
			lost = append(lost, attemptRow{d.ID, run.Attempt{
				Number: d.Attempt, StartedAt: d.Changed, Duration: max(0, now.Sub(d.Changed)), // another clock
				Outcome: delivery.OutcomeRetryable, Error: "the worker was lost before it could tell the result",
			}})
			if d.Delivery, err = d.Apply(delivery.Abandon(now)); err != nil {
				return nil, nil, err
			}
		}
		if d.Delivery, err = d.Apply(delivery.Start(now)); err != nil {
			return nil, nil, err
		}
		d.Lease = now.Add(d.Timeout + margin)
		started = append(started, d)
	}
	return started, lost, nil
}

const updateDeliveryRows = `UPDATE deliveries d SET state = g.state, attempt = g.attempt, earlier = g.earlier,
    reason = g.reason, error = g.error, wake_at = g.wake_at, changed_at = g.changed_at
FROM unnest($1::bigint[], $2::text[], $3::int[], $4::int[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[])
    AS g (id, state, attempt, earlier, reason, error, wake_at, changed_at)
WHERE d.id = g.id`

// updateDeliveries writes what changes in deliveries that tx has locked.
func updateDeliveries(ctx context.Context, tx pgx.Tx, m clock.Moment, deliveries []run.Delivery) error {
	if len(deliveries) == 0 {
		return nil
	}
	n := len(deliveries)
	ids, states, attempts, earlier := make([]int64, n), make([]string, n), make([]int32, n), make([]int32, n)
	reasons, errs, wakes, changed := make([]string, n), make([]string, n), make([]*time.Time, n), make([]time.Time, n)
	for i, d := range deliveries {
		ids[i], states[i], attempts[i], earlier[i] = int64(d.ID), string(d.State), int32(d.Attempt), int32(d.Earlier)
		reasons[i], errs[i], wakes[i], changed[i] = string(d.Reason), clean(d.Error), orNull(wake(m, d)), d.Changed
	}
	_, err := tx.Exec(ctx, updateDeliveryRows, ids, states, attempts, earlier, reasons, errs, wakes, changed)
	return err
}

// Index: deliveries_wake.
const selectNextWake = `SELECT min(wake_at) FROM deliveries WHERE wake_at IS NOT NULL`

// NextWake returns how long nothing is to be done; ok is false where nothing
// ever is.
func (s *Store) NextWake(ctx context.Context) (wait time.Duration, ok bool, err error) {
	m, err := s.moment(ctx)
	if err != nil {
		return 0, false, err
	}
	var next *time.Time
	if err := s.db.QueryRow(ctx, selectNextWake).Scan(&next); err != nil {
		return 0, false, fmt.Errorf("look for the next due delivery: %w", pg.Translate(err))
	}
	if next == nil {
		return 0, false, nil
	}
	return next.Sub(m.Shared(time.Now())), true, nil
}

package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/dispatch/internal/fairness"
)

const (
	// Index: deliveries_wake.
	countDue = `SELECT tenant_id, target_id, count(*) FROM (
    SELECT tenant_id, target_id FROM deliveries WHERE wake_at <= $2 ORDER BY wake_at LIMIT $1) due
GROUP BY tenant_id, target_id ORDER BY tenant_id, target_id`

	// Index: deliveries_lane, from target to target. It costs a look-up for
	// each target that has something waiting, due or not.
	countDueOfEach = `WITH RECURSIVE lane AS (
    (SELECT tenant_id, target_id, wake_at FROM deliveries WHERE wake_at IS NOT NULL AND (tenant_id, target_id) > ($1, $2)
     ORDER BY tenant_id, target_id, wake_at LIMIT 1)
    UNION ALL
    SELECT n.tenant_id, n.target_id, n.wake_at FROM lane l CROSS JOIN LATERAL
    (SELECT d.tenant_id, d.target_id, d.wake_at FROM deliveries d
     WHERE d.wake_at IS NOT NULL AND (d.tenant_id, d.target_id) > (l.tenant_id, l.target_id)
     ORDER BY d.tenant_id, d.target_id, d.wake_at LIMIT 1) n
), few AS MATERIALIZED (SELECT * FROM lane LIMIT $3)
SELECT tenant_id, target_id, (SELECT count(*) FROM (SELECT FROM deliveries d
    WHERE d.tenant_id = few.tenant_id AND d.target_id = few.target_id AND d.wake_at <= $5 LIMIT $4) due)
FROM few`
)

// Bounds of one look at what is due.
const (
	maxDue   = 512  // deliveries that are counted one by one
	maxLanes = 2048 // targets that are looked at where more is due
	maxOfOne = 64   // deliveries of one target that count
)

// Due returns the targets for which deliveries are due, grouped by tenant, and
// how many. Where much is due it looks target by target, so that whoever has
// the most does not hide the others; and where there are very many targets, at
// those behind after, and next is the last one it looked at, "" at the end.
func (s *Store) Due(ctx context.Context, after fairness.Lane) (lanes []fairness.Lane, next fairness.Lane, err error) {
	m, err := s.moment(ctx)
	if err != nil {
		return nil, next, err
	}
	now := m.Shared(time.Now())
	lanes, err = s.dueLanes(ctx, countDue, maxDue, now)
	total := 0
	for _, l := range lanes {
		total += l.Due
	}
	if err != nil || total < maxDue {
		return lanes, fairness.Lane{}, err
	}
	all, err := s.dueLanes(ctx, countDueOfEach, after.Tenant, after.Target, maxLanes, maxOfOne, now)
	if err == nil && len(all) == maxLanes {
		next = all[len(all)-1]
	}
	return all, next, err
}

func (s *Store) dueLanes(ctx context.Context, statement string, args ...any) ([]fairness.Lane, error) {
	rows, err := s.db.Query(ctx, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("look for due deliveries: %w", pg.Translate(err))
	}
	lanes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l fairness.Lane, err error) {
		err = row.Scan(&l.Tenant, &l.Target, &l.Due)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("look for due deliveries: %w", pg.Translate(err))
	}
	return lanes, nil
}

// maxPutOff bounds how many deliveries of one target are put off at once.
const maxPutOff = 1000

// Index: deliveries_lane. Spread over a fifth of the wait, so that they do not
// come back in one moment. Those under way are left alone.
const putOff = `UPDATE deliveries SET wake_at = $5::timestamptz + make_interval(secs => $3 * (1 + 0.2 * random()))
WHERE id IN (SELECT id FROM deliveries WHERE tenant_id = $1 AND target_id = $2 AND wake_at <= $5 AND state IN ('scheduled', 'backing_off')
    ORDER BY wake_at LIMIT $4 FOR UPDATE SKIP LOCKED)`

// PutOff lets what is due of a target wait, because it is not tried at the
// moment. It does not count as an attempt.
func (s *Store) PutOff(ctx context.Context, tenant, target string, wait time.Duration) error {
	m, err := s.moment(ctx)
	if err != nil {
		return err
	}
	if _, err := s.db.Exec(ctx, putOff, tenant, target, wait.Seconds(), maxPutOff, m.Shared(time.Now())); err != nil {
		return fmt.Errorf("put off deliveries of target %s: %w", target, pg.Translate(err))
	}
	return nil
}

package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/dispatch/internal/clock"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

const (
	// One at a time gives turns, whichever replica: two could give a lane's
	// turn to two deliveries where an earlier one is just being replayed.
	lockTurns = `SELECT pg_advisory_xact_lock(hashtext(current_schema() || '.turns'))`

	// Indexes: deliveries_order, deliveries_turn.
	selectHeads = `SELECT h.id, h.state, h.event_sequence, EXISTS (SELECT FROM deliveries a
        WHERE a.tenant_id = l.tenant_id AND a.target_id = l.target_id AND a.ordering_key = l.ordering_key
            AND a.state IN ('scheduled', 'sending', 'backing_off')), l.tenant_id, l.target_id, l.ordering_key
FROM unnest($1::text[], $2::text[], $3::text[]) AS l (tenant_id, target_id, ordering_key)
CROSS JOIN LATERAL (SELECT d.id, d.state, d.event_sequence FROM deliveries d
    WHERE d.tenant_id = l.tenant_id AND d.target_id = l.target_id AND d.ordering_key = l.ordering_key
        AND d.state IN ('held', 'queued', 'scheduled', 'sending', 'backing_off')
    ORDER BY d.event_sequence, d.run_id, d.position LIMIT 1) h`

	// Those that somebody has locked are changing; he touches the lane.
	lockHeads = `SELECT ` + deliveryColumns + ` FROM deliveries d WHERE d.id = ANY($1) ORDER BY d.id FOR UPDATE SKIP LOCKED`
)

// Early is a delivery whose turn may come once more is known of the events
// before its own.
type Early struct {
	Lane     run.Lane
	Delivery run.DeliveryID
	Sequence uint64
}

// GiveTurns makes those deliveries due that are the next of their lane.
// complete says of a delivery and its event's sequence whether all before it
// are known. given is how many; early are those for which only that is missing.
func (s *Store) GiveTurns(ctx context.Context, lanes []run.Lane, complete func(run.DeliveryID, uint64) bool) (given int, early []Early, err error) {
	m, err := s.moment(ctx)
	if err != nil {
		return 0, nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		if _, err := tx.Exec(ctx, lockTurns); err != nil {
			return err
		}
		var next []run.DeliveryID
		if next, early, err = heads(ctx, tx, lanes, complete); err != nil || len(next) == 0 {
			return err
		}
		given, err = release(ctx, tx, m, next)
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("give turns: %w", err)
	}
	return given, early, nil
}

// heads returns the deliveries whose turn it is, and those whose it may be.
func heads(ctx context.Context, tx pgx.Tx, lanes []run.Lane, complete func(run.DeliveryID, uint64) bool) (next []run.DeliveryID, early []Early, err error) {
	tenants, targets, keys := make([]string, len(lanes)), make([]string, len(lanes)), make([]string, len(lanes))
	byID := map[run.DeliveryID]run.Lane{}
	for i, l := range lanes {
		tenants[i], targets[i], keys[i] = l.Tenant, l.TargetID, clean(l.Key)
	}
	rows, err := tx.Query(ctx, selectHeads, tenants, targets, keys)
	if err != nil {
		return nil, nil, err
	}
	var (
		id, sequence int64
		state        string
		active       bool
		lane         run.Lane
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &state, &sequence, &active, &lane.Tenant, &lane.TargetID, &lane.Key}, func() error {
		d := run.DeliveryID(id)
		if _, twice := byID[d]; twice {
			return nil
		}
		byID[d] = lane
		q := delivery.Queue{First: delivery.State(state), Active: active, Complete: complete(d, uint64(sequence))}
		if delivery.Turn(q) {
			next = append(next, d)
		} else if q.Complete = !q.Complete; delivery.Turn(q) {
			early = append(early, Early{lane, d, uint64(sequence)})
		}
		return nil
	})
	return next, early, err
}

// release makes queued deliveries due.
func release(ctx context.Context, tx pgx.Tx, m clock.Moment, ids []run.DeliveryID) (int, error) {
	rows, err := tx.Query(ctx, lockHeads, int64s(ids))
	if err != nil {
		return 0, err
	}
	now := time.Now()
	locked, err := pgx.CollectRows(rows, scanBy(m))
	if err != nil {
		return 0, err
	}
	var released []run.Delivery
	for _, d := range locked {
		if d.State != delivery.Queued {
			continue
		}
		if d.Delivery, err = d.Apply(delivery.Release(now)); err != nil {
			return 0, err
		}
		released = append(released, d)
	}
	return len(released), updateDeliveries(ctx, tx, m, released)
}

// Index: deliveries_order, from lane to lane.
const selectLanesInOrder = `WITH RECURSIVE lane AS (
    (SELECT tenant_id, target_id, ordering_key FROM deliveries
     WHERE ordering_key IS NOT NULL AND state IN ('held', 'queued', 'scheduled', 'sending', 'backing_off')
        AND (tenant_id, target_id, ordering_key) > ($1, $2, $3)
     ORDER BY tenant_id, target_id, ordering_key LIMIT 1)
    UNION ALL
    SELECT n.tenant_id, n.target_id, n.ordering_key FROM lane l CROSS JOIN LATERAL
    (SELECT d.tenant_id, d.target_id, d.ordering_key FROM deliveries d
     WHERE d.ordering_key IS NOT NULL AND d.state IN ('held', 'queued', 'scheduled', 'sending', 'backing_off')
        AND (d.tenant_id, d.target_id, d.ordering_key) > (l.tenant_id, l.target_id, l.ordering_key)
     ORDER BY d.tenant_id, d.target_id, d.ordering_key LIMIT 1) n
) SELECT tenant_id, target_id, ordering_key FROM lane LIMIT $4`

// OrderedLanes returns at most limit lanes in which something has not ended, from
// the one behind after.
func (s *Store) OrderedLanes(ctx context.Context, after run.Lane, limit int) ([]run.Lane, error) {
	rows, err := s.db.Query(ctx, selectLanesInOrder, after.Tenant, after.TargetID, after.Key, limit)
	if err != nil {
		return nil, fmt.Errorf("list lanes: %w", pg.Translate(err))
	}
	lanes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[run.Lane])
	if err != nil {
		return nil, fmt.Errorf("list lanes: %w", pg.Translate(err))
	}
	return lanes, nil
}

package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Intervention is what an operator does to deliveries: it returns what happens
// to one, and false where nothing does because of its state.
type Intervention func(d run.Delivery, at time.Time) (delivery.Event, bool)

// Replay sends again what has ended or backs off.
func Replay(d run.Delivery, at time.Time) (delivery.Event, bool) {
	return d.Again(at), d.State.Ended() || d.State == delivery.BackingOff
}

// Cancel gives up what has not ended.
func Cancel(d run.Delivery, at time.Time) (delivery.Event, bool) {
	return delivery.Cancel(at, delivery.Operator), !d.State.Ended()
}

// Index: deliveries_pkey.
const selectRunOfDelivery = `SELECT run_id FROM deliveries WHERE tenant_id = $1 AND id = $2`

// Intervene does something to one delivery, and to the steps of its run that
// follow from that. done is false where its state does not allow it.
func (s *Store) Intervene(ctx context.Context, tenant string, id run.DeliveryID, what Intervention) (done bool, err error) {
	var runID int64
	if err := s.db.QueryRow(ctx, selectRunOfDelivery, tenant, int64(id)).Scan(&runID); err != nil {
		return false, fmt.Errorf("look up delivery %s: %w", id, pg.Translate(err))
	}
	n, err := s.intervene(ctx, []run.ID{run.ID(runID)}, map[run.DeliveryID]bool{id: true}, what)
	return n > 0, err
}

// InterveneAll does something to the deliveries of a filter, oldest first, as
// many as the page allows. next is the last one that was looked at, 0 where
// there are no more.
func (s *Store) InterveneAll(ctx context.Context, tenant string, f DeliveryFilter, p Page, what Intervention) (n int, next run.DeliveryID, err error) {
	where, args := f.where(tenant, p)
	rows, err := s.db.Query(ctx, `SELECT d.id, d.run_id FROM deliveries d WHERE `+where+` ORDER BY d.id LIMIT `+strconv.Itoa(p.Limit), args...)
	if err != nil {
		return 0, 0, fmt.Errorf("choose deliveries: %w", pg.Translate(err))
	}
	chosen, runs := map[run.DeliveryID]bool{}, map[run.ID]bool{}
	var id, runID int64
	_, err = pgx.ForEachRow(rows, []any{&id, &runID}, func() error {
		chosen[run.DeliveryID(id)], runs[run.ID(runID)] = true, true
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("choose deliveries: %w", pg.Translate(err))
	}
	if len(chosen) == p.Limit {
		next = run.DeliveryID(id)
	}
	ids := make([]run.ID, 0, len(runs))
	for r := range runs {
		ids = append(ids, r)
	}
	slices.Sort(ids)
	for part := range slices.Chunk(ids, maxRuns) {
		k, err := s.intervene(ctx, part, chosen, what)
		if n += k; err != nil {
			return n, 0, err
		}
	}
	return n, next, nil
}

// maxRuns is how many runs one transaction of an intervention locks.
const maxRuns = 100

func (s *Store) intervene(ctx context.Context, ids []run.ID, chosen map[run.DeliveryID]bool, what Intervention) (n int, err error) {
	m, err := s.moment(ctx)
	if err != nil {
		return 0, err
	}
	var changed []run.Delivery
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		n, changed = 0, nil
		byRun, err := lockRuns(ctx, tx, m, ids)
		if err != nil {
			return err
		}
		now := time.Now()
		for _, steps := range byRun {
			k, c := steps.intervene(chosen, what, now)
			n, changed = n+k, append(changed, c...)
		}
		return updateDeliveries(ctx, tx, m, changed)
	})
	if err != nil {
		return 0, fmt.Errorf("intervene: %w", err)
	}
	s.touch(changed)
	return n, nil
}

// intervene applies an intervention to those of the steps that are chosen.
func (s *steps) intervene(chosen map[run.DeliveryID]bool, what Intervention, now time.Time) (n int, changed []run.Delivery) {
	for i := range s.all {
		d := &s.all[i]
		if !chosen[d.ID] {
			continue
		}
		event, ok := what(*d, now)
		if !ok {
			continue
		}
		ended := d.State.Ended()
		next, err := d.Apply(event)
		if err != nil {
			continue
		}
		d.Delivery, d.Lease, s.changed[i] = next, time.Time{}, true
		n++
		if ended {
			s.revive(i, now)
		}
	}
	if n > 0 {
		s.progress(now)
	}
	return n, s.writes()
}

// revive holds the steps again that were canceled because the one at i had not
// succeeded.
func (s *steps) revive(i int, now time.Time) {
	for _, j := range run.Revive(s.all, i) {
		if next, err := s.all[j].Apply(delivery.Hold(now)); err == nil {
			s.all[j].Delivery, s.changed[j] = next, true
		}
	}
}

// Count is how many deliveries of a target are in a state.
type Count struct {
	TargetID string
	State    delivery.State
	N        int64
}

// Index: deliveries_count.
const countDeliveries = `SELECT target_id, state, count(*) FROM deliveries
WHERE tenant_id = $1 AND state <> 'succeeded' AND ($2 = '' OR target_id = $2)
GROUP BY target_id, state ORDER BY target_id, state LIMIT 10000`

// Counts returns how many deliveries have not succeeded, of one target or all.
func (s *Store) Counts(ctx context.Context, tenant, target string) ([]Count, error) {
	rows, err := s.db.Query(ctx, countDeliveries, tenant, clean(target))
	if err != nil {
		return nil, fmt.Errorf("count deliveries: %w", pg.Translate(err))
	}
	counts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Count])
	if err != nil {
		return nil, fmt.Errorf("count deliveries: %w", pg.Translate(err))
	}
	return counts, nil
}

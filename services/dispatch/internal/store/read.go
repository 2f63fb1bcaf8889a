package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// RunFilter says which runs to list.
type RunFilter struct {
	EventID string // "": of any event, and of hooks
	Before  run.ID // only older ones; 0: all
	Limit   int
}

// DeliveryFilter says which deliveries are meant; its zero fields say nothing.
type DeliveryFilter struct {
	States      []delivery.State
	TargetID    string
	TriggerName string // of the run
	Run         run.ID
	From, To    time.Time // when created, To excluded
	Error       string    // part of the reason or the latest error
	OrderingKey string
}

// Page is a part of a list.
type Page struct {
	Before run.DeliveryID // only older ones; 0: all
	After  run.DeliveryID // only newer ones
	Limit  int
}

const runColumns = `id, tenant_id, condition, trigger_kind, trigger_name, coalesce(event_id, ''), created_at, duration_nanos, error, steps`

const (
	// Index: runs_pkey.
	selectRun = `SELECT ` + runColumns + ` FROM runs WHERE tenant_id = $1 AND id = $2`

	// Index: runs_pkey, backwards; with an event: runs_event.
	selectRuns = `SELECT ` + runColumns + ` FROM runs
WHERE tenant_id = $1 AND ($2 = '' OR event_id = $2) AND id < $3 ORDER BY id DESC LIMIT $4`

	// Index: deliveries_pkey.
	selectDelivery = `SELECT ` + deliveryColumns + ` FROM deliveries d WHERE d.tenant_id = $1 AND d.id = $2`

	// Index: deliveries_run.
	selectDeliveriesOfRuns = `SELECT ` + deliveryColumns + ` FROM deliveries d
WHERE d.tenant_id = $1 AND d.run_id = ANY($2) ORDER BY d.run_id, d.position`
)

// Run returns a run with its deliveries and attempts, without its body.
// CodeNotFound: there is none, or not yet.
func (s *Store) Run(ctx context.Context, tenant string, id run.ID) (run.Run, error) {
	found, err := s.runs(ctx, tenant, selectRun, tenant, int64(id))
	if err == nil && len(found) == 0 {
		err = pg.Translate(pgx.ErrNoRows)
	}
	if err != nil {
		return run.Run{}, fmt.Errorf("read run %s: %w", id, err)
	}
	return found[0], nil
}

// Runs returns runs, newest first.
func (s *Store) Runs(ctx context.Context, tenant string, f RunFilter) ([]run.Run, error) {
	found, err := s.runs(ctx, tenant, selectRuns, tenant, clean(f.EventID), before(int64(f.Before)), f.Limit)
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return found, nil
}

// Delivery returns a delivery with its attempts.
func (s *Store) Delivery(ctx context.Context, tenant string, id run.DeliveryID) (run.Delivery, error) {
	found, err := s.deliveries(ctx, selectDelivery, tenant, int64(id))
	if err == nil && len(found) == 0 {
		err = pg.Translate(pgx.ErrNoRows)
	}
	if err != nil {
		return run.Delivery{}, fmt.Errorf("read delivery %s: %w", id, err)
	}
	return found[0], nil
}

// Deliveries returns deliveries, newest first.
func (s *Store) Deliveries(ctx context.Context, tenant string, f DeliveryFilter, p Page) ([]run.Delivery, error) {
	where, args := f.where(tenant, p)
	found, err := s.deliveries(ctx, `SELECT `+deliveryColumns+` FROM deliveries d WHERE `+where+
		` ORDER BY d.id DESC LIMIT `+strconv.Itoa(p.Limit), args...)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	return found, nil
}

// before returns the end of a page.
func before(id int64) int64 {
	if id == 0 {
		return math.MaxInt64
	}
	return id
}

// runs returns what a statement of runColumns finds, completed.
func (s *Store) runs(ctx context.Context, tenant, statement string, args ...any) ([]run.Run, error) {
	rows, err := s.db.Query(ctx, statement, args...)
	if err != nil {
		return nil, pg.Translate(err)
	}
	found, err := pgx.CollectRows(rows, scanRun)
	if err != nil || len(found) == 0 {
		return nil, pg.Translate(err)
	}
	ids, at := make([]run.ID, len(found)), make(map[run.ID]int, len(found))
	for i, r := range found {
		ids[i], at[r.ID] = r.ID, i
	}
	deliveries, err := s.deliveries(ctx, selectDeliveriesOfRuns, tenant, int64s(ids))
	for _, d := range deliveries {
		r := &found[at[d.Run]]
		r.Deliveries = append(r.Deliveries, d)
	}
	return found, err
}

// deliveries returns what a statement of deliveryColumns finds, completed.
func (s *Store) deliveries(ctx context.Context, statement string, args ...any) ([]run.Delivery, error) {
	m, err := s.moment(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Query(ctx, statement, args...)
	if err != nil {
		return nil, pg.Translate(err)
	}
	found, err := pgx.CollectRows(rows, scanBy(m))
	if err != nil || len(found) == 0 {
		return nil, pg.Translate(err)
	}
	var ids []run.DeliveryID // of which there may be more than is in their row
	for _, d := range found {
		if d.Attempt > len(d.Attempts) {
			ids = append(ids, d.ID)
		}
	}
	if len(ids) == 0 {
		return found, nil
	}
	attempts, err := s.loadAttempts(ctx, ids)
	for i := range found {
		found[i].Attempts = append(found[i].Attempts, attempts[found[i].ID]...)
	}
	return found, pg.Translate(err)
}

func scanRun(row pgx.CollectableRow) (run.Run, error) {
	var (
		r            run.Run
		id, duration int64
		steps        []byte
	)
	err := row.Scan(&id, &r.Tenant, &r.Condition, &r.TriggerKind, &r.TriggerName, &r.EventID, &r.CreatedAt, &duration, &r.Error, &steps)
	r.ID, r.Duration, r.CreatedAt = run.ID(id), time.Duration(duration), r.CreatedAt.UTC()
	if err == nil && len(steps) > 0 {
		err = json.Unmarshal(steps, &r.Steps)
	}
	return r, err
}

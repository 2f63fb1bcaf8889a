package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/clock"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Everything of a batch in one statement, which leaves out what is not new. Index:
// runs_event decides which runs are.
const insertRuns = `WITH created AS (
    INSERT INTO runs
        (id, tenant_id, condition, trigger_kind, trigger_name, event_id, body, created_at, duration_nanos, error, steps)
    SELECT id, tenant_id, condition, trigger_kind, trigger_name, nullif(event_id, ''), body, created_at, duration_nanos, error, steps::json
    FROM unnest($27::bigint[], $28::text[], $29::text[], $30::text[], $31::text[], $32::text[], $33::bytea[], $34::timestamptz[],
        $35::bigint[], $36::text[], $37::text[])
        AS g (id, tenant_id, condition, trigger_kind, trigger_name, event_id, body, created_at, duration_nanos, error, steps)
    ON CONFLICT (tenant_id, event_id) WHERE event_id IS NOT NULL DO NOTHING
    RETURNING id
), sent AS (
    ` + insertDeliveryRows + `
    WHERE run_id IN (SELECT id FROM created)
    RETURNING id
)
INSERT INTO attempts (delivery_id, number, started_at, duration_nanos, outcome, status, error)
SELECT * FROM unnest($38::bigint[], $39::int[], $40::timestamptz[], $41::bigint[], $42::text[], $43::int[], $44::text[])
    AS g (delivery_id, number, started_at, duration_nanos, outcome, status, error)
WHERE delivery_id IN (SELECT id FROM sent)`

// CreateRuns stores runs with their deliveries and attempts. A run of an event
// that has one already is left out, and that is no error. CodeAlreadyExists:
// somebody else's run or delivery has an id of these.
func (s *Store) CreateRuns(ctx context.Context, runs []run.Run) error {
	ordered := once(runs)
	m, err := s.moment(ctx)
	if err == nil {
		err = s.copyRuns(ctx, m, ordered)
	}
	if fault.CodeOf(err) == fault.CodeAlreadyExists { // hardly ever, for events are looked up before
		err = s.insertRuns(ctx, m, ordered)
	}
	if err != nil {
		return fmt.Errorf("create runs: %w", err)
	}
	for _, r := range ordered {
		s.touch(r.Deliveries)
	}
	return nil
}

// insertRuns stores those runs that are new.
func (s *Store) insertRuns(ctx context.Context, m clock.Moment, runs []*run.Run) error {
	rows, err := runRows(runs)
	if err != nil {
		return err
	}
	deliveries := deliveriesOf(runs)
	return s.db.Statement(ctx, insertRuns, slices.Concat(deliveryRows(m, deliveries), rows, attemptRows(attemptsOf(deliveries)))...)
}

// CreateDeliveries stores deliveries whose run is not stored yet.
func (s *Store) CreateDeliveries(ctx context.Context, deliveries []run.Delivery) error {
	m, err := s.moment(ctx)
	if err == nil {
		err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return insertDeliveries(ctx, tx, m, deliveries) })
	}
	if err != nil {
		return fmt.Errorf("create deliveries: %w", err)
	}
	return nil
}

// once returns runs ordered by event, so that two transactions wait for each
// other in one direction only, and without those that occur a second time.
func once(runs []run.Run) []*run.Run {
	ordered := make([]*run.Run, len(runs))
	for i := range runs {
		ordered[i] = &runs[i]
	}
	slices.SortStableFunc(ordered, byEvent)
	return slices.CompactFunc(ordered, func(a, b *run.Run) bool { return a.ID == b.ID })
}

func byEvent(a, b *run.Run) int {
	if c := strings.Compare(a.Tenant, b.Tenant); c != 0 {
		return c
	}
	if c := strings.Compare(a.EventID, b.EventID); c != 0 {
		return c
	}
	return cmp.Compare(a.ID, b.ID)
}

func deliveriesOf(runs []*run.Run) []run.Delivery {
	all := make([]run.Delivery, 0, len(runs))
	for _, r := range runs {
		all = append(all, r.Deliveries...)
	}
	return all
}

func attemptsOf(deliveries []run.Delivery) []attemptRow {
	all := make([]attemptRow, 0, len(deliveries))
	for _, d := range deliveries {
		if first(&d) != nil {
			continue
		}
		for _, a := range d.Attempts {
			all = append(all, attemptRow{d.ID, a})
		}
	}
	return all
}

// runRows returns the arguments of insertRuns: an array for each column.
func runRows(runs []*run.Run) ([]any, error) {
	n := len(runs)
	ids, tenants, conditions := make([]int64, n), make([]string, n), make([]string, n)
	kinds, names, events := make([]string, n), make([]string, n), make([]string, n)
	bodies, created, durations := make([][]byte, n), make([]time.Time, n), make([]int64, n)
	errs, steps := make([]string, n), make([]*string, n)
	for i, r := range runs {
		ids[i], tenants[i], conditions[i] = int64(r.ID), clean(r.Tenant), clean(r.Condition)
		kinds[i], names[i], events[i] = r.TriggerKind, clean(r.TriggerName), clean(r.EventID)
		bodies[i], created[i], durations[i] = r.Body, r.CreatedAt, int64(r.Duration)
		errs[i] = clean(r.Error)
		text, err := stepsOf(r)
		if err != nil {
			return nil, err
		}
		if text != "" {
			steps[i] = &text
		}
	}
	return []any{ids, tenants, conditions, kinds, names, events, bodies, created, durations, errs, steps}, nil
}

// stepsOf returns the steps of a run as they are stored, "" where it has none.
func stepsOf(r *run.Run) (string, error) {
	if len(r.Steps) == 0 {
		return "", nil
	}
	text, err := json.Marshal(r.Steps)
	if err != nil {
		return "", fmt.Errorf("encode the steps of run %s: %w", r.ID, err)
	}
	return string(text), nil
}

// insertDeliveries stores deliveries and their attempts.
func insertDeliveries(ctx context.Context, tx pgx.Tx, m clock.Moment, deliveries []run.Delivery) error {
	if len(deliveries) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, insertDeliveryRows, deliveryRows(m, deliveries)...); err != nil {
		return err
	}
	return insertAttempts(ctx, tx, attemptsOf(deliveries))
}

const insertDeliveryRows = `INSERT INTO deliveries
    (id, run_id, tenant_id, position, target_id, target_name, target_version, kind, endpoint, timeout_nanos, interrupts,
     state, attempt, earlier, reason, error, wake_at, changed_at, created_at, body, ordering_key, event_sequence, traceparent,
     first_started_at, first_duration_nanos, first_status)
SELECT id, run_id, tenant_id, position, target_id, target_name, target_version, kind, endpoint, timeout_nanos, interrupts,
     state, attempt, earlier, reason, error, wake_at, changed_at, created_at, body, nullif(ordering_key, ''), event_sequence, traceparent,
     first_started_at, first_duration_nanos, first_status
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::int[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[],
    $10::bigint[], $11::boolean[], $12::text[], $13::int[], $14::int[], $15::text[], $16::text[], $17::timestamptz[], $18::timestamptz[],
    $19::timestamptz[], $20::bytea[], $21::text[], $22::bigint[], $23::text[],
    $24::timestamptz[], $25::bigint[], $26::int[])
    AS g (id, run_id, tenant_id, position, target_id, target_name, target_version, kind, endpoint, timeout_nanos, interrupts,
     state, attempt, earlier, reason, error, wake_at, changed_at, created_at, body, ordering_key, event_sequence, traceparent,
     first_started_at, first_duration_nanos, first_status)`

// deliveryRows returns the arguments of insertDeliveryRows.
func deliveryRows(m clock.Moment, deliveries []run.Delivery) []any {
	n := len(deliveries)
	ids, runs, tenants, positions := make([]int64, n), make([]int64, n), make([]string, n), make([]int32, n)
	targets, names, versions, kinds := make([]string, n), make([]string, n), make([]int64, n), make([]string, n)
	endpoints, timeouts, interrupts := make([]string, n), make([]int64, n), make([]bool, n)
	states, attempts, earlier := make([]string, n), make([]int32, n), make([]int32, n)
	reasons, errs, wakes := make([]string, n), make([]string, n), make([]*time.Time, n)
	changed, created, bodies := make([]time.Time, n), make([]time.Time, n), make([][]byte, n)
	keys, sequences := make([]string, n), make([]int64, n)
	started, durations, statuses := make([]*time.Time, n), make([]*int64, n), make([]*int32, n)
	for i, d := range deliveries {
		if a := first(&d); a != nil {
			duration, status := int64(a.Duration), int32(a.Status)
			started[i], durations[i], statuses[i] = &a.StartedAt, &duration, &status
		}
		keys[i], sequences[i] = clean(d.OrderingKey), int64(d.Sequence)
		ids[i], runs[i], tenants[i], positions[i] = int64(d.ID), int64(d.Run), clean(d.Tenant), int32(d.Position)
		targets[i], names[i], versions[i], kinds[i] = clean(d.TargetID), clean(d.TargetName), int64(d.Version), string(d.Kind)
		endpoints[i], timeouts[i], interrupts[i] = clean(d.Endpoint), int64(d.Timeout), d.Interrupts
		states[i], attempts[i], earlier[i] = string(d.State), int32(d.Attempt), int32(d.Earlier)
		reasons[i], errs[i], wakes[i] = string(d.Reason), clean(d.Error), orNull(wake(m, d))
		changed[i], created[i], bodies[i] = d.Changed, d.CreatedAt, d.Body
	}
	return []any{
		ids, runs, tenants, positions, targets, names, versions, kinds, endpoints, timeouts, interrupts,
		states, attempts, earlier, reasons, errs, wakes, changed, created, bodies,
		keys, sequences, traceRows(deliveries), started, durations, statuses,
	}
}

// traceRows returns the column of traces: null, and not an array of them, where
// there is none. Columns that are shorter than others are filled up with nulls.
func traceRows(deliveries []run.Delivery) (traces []*string) {
	for i, d := range deliveries {
		if d.Traceparent == "" {
			continue
		}
		if traces == nil {
			traces = make([]*string, len(deliveries))
		}
		traces[i] = &deliveries[i].Traceparent
	}
	return traces
}

package store

import (
	"context"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/dispatch/internal/clock"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Room for a row, beside what of it is long.
const (
	runRoom      = 256
	deliveryRoom = 512
	attemptRoom  = 96
)

// tables are those that runs are copied into.
type tables struct{ runs, deliveries, attempts *pg.Table }

func newTables() tables {
	return tables{
		runs: pg.NewTable("runs", "id", "tenant_id", "condition", "trigger_kind", "trigger_name", "event_id", "body", "created_at",
			"duration_nanos", "error", "steps"),
		deliveries: pg.NewTable("deliveries", "id", "run_id", "tenant_id", "position", "target_id", "target_name", "target_version", "kind", "endpoint",
			"timeout_nanos", "interrupts", "state", "attempt", "earlier", "reason", "error", "wake_at", "changed_at", "created_at", "body",
			"ordering_key", "event_sequence", "traceparent", "first_started_at", "first_duration_nanos", "first_status"),
		attempts: pg.NewTable("attempts", "delivery_id", "number", "started_at", "duration_nanos", "outcome", "status", "error"),
	}
}

// copyRuns stores runs that are all new; otherwise none, with
// CodeAlreadyExists.
func (s *Store) copyRuns(ctx context.Context, m clock.Moment, runs []*run.Run) error {
	bodies, steps, tries := 0, 0, 0
	for _, r := range runs {
		bodies, steps = bodies+len(r.Body), steps+len(r.Deliveries)
		for i := range r.Deliveries {
			if first(&r.Deliveries[i]) == nil {
				tries += len(r.Deliveries[i].Attempts)
			}
		}
	}
	rows := s.tables.runs.Rows(len(runs)*runRoom + bodies)
	deliveries := s.tables.deliveries.Rows(steps * deliveryRoom)
	attempts := s.tables.attempts.Rows(tries * attemptRoom)
	for _, r := range runs {
		if err := copyRun(rows, r); err != nil {
			return err
		}
		for i := range r.Deliveries {
			copyDelivery(deliveries, m, &r.Deliveries[i])
			copyAttempts(attempts, &r.Deliveries[i])
		}
	}
	return s.db.CopyAll(ctx, rows, deliveries, attempts)
}

func copyRun(rows *pg.Rows, r *run.Run) error {
	steps, err := stepsOf(r)
	if err != nil {
		return err
	}
	rows.Begin()
	rows.Bigint(int64(r.ID))
	rows.Text(clean(r.Tenant))
	rows.Text(clean(r.Condition))
	rows.Text(r.TriggerKind)
	rows.Text(clean(r.TriggerName))
	rows.TextOrNull(clean(r.EventID))
	rows.BytesOrNull(r.Body)
	rows.Time(r.CreatedAt)
	rows.Bigint(int64(r.Duration))
	rows.Text(clean(r.Error))
	rows.TextOrNull(steps)
	return nil
}

func copyDelivery(rows *pg.Rows, m clock.Moment, d *run.Delivery) {
	rows.Begin()
	rows.Bigint(int64(d.ID))
	rows.Bigint(int64(d.Run))
	rows.Text(clean(d.Tenant))
	rows.Integer(int32(d.Position))
	rows.Text(clean(d.TargetID))
	rows.Text(clean(d.TargetName))
	rows.Bigint(int64(d.Version))
	rows.Text(string(d.Kind))
	rows.Text(clean(d.Endpoint))
	rows.Bigint(int64(d.Timeout))
	rows.Boolean(d.Interrupts)
	rows.Text(string(d.State))
	rows.Integer(int32(d.Attempt))
	rows.Integer(int32(d.Earlier))
	rows.Text(string(d.Reason))
	rows.Text(clean(d.Error))
	rows.TimeOrNull(wake(m, *d))
	rows.Time(d.Changed)
	rows.Time(d.CreatedAt)
	rows.BytesOrNull(d.Body)
	rows.TextOrNull(clean(d.OrderingKey))
	rows.Bigint(int64(d.Sequence))
	rows.TextOrNull(d.Traceparent)
	if a := first(d); a != nil {
		rows.Time(a.StartedAt)
		rows.Bigint(int64(a.Duration))
		rows.Integer(int32(a.Status))
	} else {
		rows.Null()
		rows.Null()
		rows.Null()
	}
}

func copyAttempts(rows *pg.Rows, d *run.Delivery) {
	if first(d) != nil {
		return
	}
	for i := range d.Attempts {
		a := &d.Attempts[i]
		rows.Begin()
		rows.Bigint(int64(d.ID))
		rows.Integer(int32(a.Number))
		rows.Time(a.StartedAt)
		rows.Bigint(int64(a.Duration))
		rows.Text(string(a.Outcome))
		rows.Integer(int32(a.Status))
		rows.Text(clean(a.Error))
	}
}

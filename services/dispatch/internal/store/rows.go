package store

import (
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/services/dispatch/internal/clock"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// deliveryColumns is what scanDelivery reads, of deliveries as d.
const deliveryColumns = `d.id, d.run_id, d.tenant_id, d.position, d.target_id, d.target_name, d.target_version, d.kind, d.endpoint,
    d.timeout_nanos, d.interrupts, d.state, d.attempt, d.earlier, d.reason, d.error, d.wake_at, d.changed_at, d.created_at,
    coalesce(d.ordering_key, ''), d.event_sequence, d.first_started_at, d.first_duration_nanos, d.first_status`

// scanDelivery reads deliveryColumns, and after them into more. Of the attempts it
// has the first, where that is kept in the row.
func scanDelivery(m clock.Moment, row pgx.CollectableRow, more ...any) (run.Delivery, error) {
	var (
		d                          run.Delivery
		id, runID, timeout         int64
		version, sequence          int64
		position, attempt, earlier int32
		kind, state, reason        string
		wake, started              *time.Time
		took                       *int64
		status                     *int32
	)
	err := row.Scan(append([]any{
		&id, &runID, &d.Tenant, &position, &d.TargetID, &d.TargetName, &version, &kind, &d.Endpoint,
		&timeout, &d.Interrupts, &state, &attempt, &earlier, &reason, &d.Error, &wake, &d.Changed, &d.CreatedAt,
		&d.OrderingKey, &sequence, &started, &took, &status,
	}, more...)...)
	d.ID, d.Run, d.Position = run.DeliveryID(id), run.ID(runID), int(position)
	d.Sequence = uint64(sequence)
	d.Version, d.Kind, d.Timeout = uint64(version), run.Kind(kind), time.Duration(timeout)
	d.State, d.Attempt, d.Earlier, d.Reason = delivery.State(state), int(attempt), int(earlier), delivery.Reason(reason)
	d.Changed, d.CreatedAt = d.Changed.UTC(), d.CreatedAt.UTC()
	if started != nil && took != nil && status != nil {
		d.Attempts = []run.Attempt{{Number: 1, StartedAt: started.UTC(), Duration: time.Duration(*took), Outcome: delivery.OutcomeSucceeded, Status: int(*status)}}
	}
	switch {
	case wake == nil:
	case d.State == delivery.Sending:
		d.Lease = m.Own(*wake)
	default:
		d.Due = m.Own(*wake)
	}
	return d, err
}

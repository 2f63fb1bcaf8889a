package dispatch

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// observe registers the room's metrics.
func (s *Service) observe(t *telemetry.Telemetry) error {
	meter := t.Meter("dispatch")
	_, err := meter.Int64ObservableCounter("actionplane.dispatch.runs_not_recorded",
		metric.WithDescription("hook runs that were answered but not recorded, because the database could not keep up"),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(s.recorder.Dropped()))
			return nil
		}))
	if err != nil {
		return err
	}
	_, err = meter.Int64ObservableCounter("actionplane.dispatch.events_known",
		metric.WithDescription("events that came again after their run was made, and were not sent again"),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(s.doorman.TurnedAway()))
			return nil
		}))
	if err != nil {
		return err
	}
	_, err = meter.Int64ObservableCounter("actionplane.dispatch.rows_deleted",
		metric.WithDescription("rows that were deleted because they had been kept for long enough, by table"),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			runs, deliveries, attempts := s.sweeper.Deleted()
			for table, n := range map[string]int64{"runs": runs, "deliveries": deliveries, "attempts": attempts} {
				o.Observe(n, metric.WithAttributes(attribute.String("table", table)))
			}
			return nil
		}))
	if err != nil {
		return err
	}
	s.passedOver, err = meter.Int64Counter("actionplane.dispatch.steps_passed_over",
		metric.WithDescription("steps of hooks that failed without interrupting the chain"))
	return err
}

// count counts the failures that were let through.
func (s *Service) count(ctx context.Context, steps []run.StepResult) {
	for _, step := range steps {
		if step.Outcome == run.PassedOver {
			s.passedOver.Add(ctx, 1)
		}
	}
}

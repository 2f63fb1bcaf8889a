package scripts

import (
	"context"

	"go.opentelemetry.io/otel/metric"

	"github.com/actionplane/actionplane/libs/telemetry"
)

// observe registers the room's metrics.
func (s *Service) observe(t *telemetry.Telemetry) (err error) {
	meter := t.Meter("scripts")
	s.invocations, err = meter.Int64Counter("actionplane.scripts.invocations",
		metric.WithDescription("calls of actions, by what they came to; dry runs are not counted"))
	if err != nil {
		return err
	}
	_, err = meter.Int64ObservableCounter("actionplane.scripts.invocations_not_recorded",
		metric.WithDescription("invocations that ran but were not recorded, because the database could not keep up"),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(s.recorder.Dropped()))
			return nil
		}))
	return err
}

package dispatch

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/dispatch/internal/circuit"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
)

// observe registers what is read when metrics are collected. What happens in
// between, package meter measures.
func (s *Service) observe(t *telemetry.Telemetry) error {
	i := t.Instruments("dispatch")
	i.Counter("actionplane.dispatch.runs_not_recorded", "{run}",
		"hook runs that were answered but not recorded, because the database could not keep up",
		func(_ context.Context, o telemetry.Observe) { o(float64(s.recorder.Dropped())) })
	i.Counter("actionplane.dispatch.events_known", "{event}",
		"events that came again after their run was made, and were not sent again",
		func(_ context.Context, o telemetry.Observe) { o(float64(s.doorman.TurnedAway())) })
	i.Counter("actionplane.dispatch.events_overtaken", "{event}",
		"events that were handled before their turn, because more waited of another tenant",
		func(_ context.Context, o telemetry.Observe) { o(float64(s.overtaken.Load())) })
	i.Counter("actionplane.dispatch.rows_deleted", "{row}",
		"rows that were deleted because they had been kept for long enough, by table",
		func(_ context.Context, o telemetry.Observe) {
			runs, deliveries, attempts := s.sweeper.Deleted()
			for table, n := range map[string]int64{"runs": runs, "deliveries": deliveries, "attempts": attempts} {
				o(float64(n), attribute.String("table", table))
			}
		})
	s.observeBacklog(i)
	s.observeBreakers(i, t.MetricLabels())
	return i.Err()
}

// backlogEvery is how often the database is asked what waits, at most.
const backlogEvery = 15 * time.Second

// observeBacklog registers the gauges of what the database knows: it is asked
// once for all of them, and every replica tells the same.
func (s *Service) observeBacklog(i *telemetry.Instruments) {
	now := telemetry.Remembered(backlogEvery, func(ctx context.Context) (store.Backlog, error) { return s.store.Backlog(ctx, time.Now()) })
	gauge := func(name, unit, description string, tell func(store.Backlog, telemetry.Observe)) {
		i.Gauge(name, unit, description+"; all replicas report the same number", func(ctx context.Context, o telemetry.Observe) {
			if b, ok := now(ctx); ok {
				tell(b, o)
			}
		})
	}
	gauge("actionplane.delivery.waiting", "{delivery}", "deliveries that have not ended, by state, up to 100,000 of those that are due sometime", func(b store.Backlog, o telemetry.Observe) {
		for _, state := range delivery.States() {
			if !state.Ended() {
				o(float64(b.States[state]), attribute.String("state", string(state)))
			}
		}
	})
	gauge("actionplane.delivery.oldest", "s", "for how long the first of the deliveries that are due has been", func(b store.Backlog, o telemetry.Observe) {
		o(b.Oldest.Seconds())
	})
	gauge("actionplane.delivery.dead_letters", "{delivery}", "deliveries that failed for good and are kept, up to 100,000", func(b store.Backlog, o telemetry.Observe) {
		o(float64(b.Dead))
	})
}

// breakerStates are the states as numbers: the worse, the higher.
var breakerStates = map[circuit.State]float64{circuit.Closed: 0, circuit.HalfOpen: 1, circuit.Open: 2}

// observeBreakers registers the gauge of circuits. Labels are those of the first
// targets in use, and as many again of the first others whose circuits have
// opened: those must be found by their names. Of circuits that share a label the
// worst is told.
func (s *Service) observeBreakers(i *telemetry.Instruments, labels int) {
	type label struct{ tenant, target string }
	named := func(tenant, target string) label { return label{tenant, target} }
	used, moved := telemetry.NewPerTarget(labels, named), telemetry.NewPerTarget(labels, named)
	i.Gauge("actionplane.breaker.state", "{state}", "circuits of targets that were tried since the start, or have opened at another replica: 0 closed, 1 half open, 2 open",
		func(_ context.Context, o telemetry.Observe) {
			worst := map[label]float64{}
			for _, b := range s.gate.Breakers() {
				of := used.Of(b.Target.Tenant, b.Target.ID)
				if of.target == telemetry.Other && b.Moved {
					of = moved.Of(b.Target.Tenant, b.Target.ID)
				}
				worst[of] = max(worst[of], breakerStates[b.State])
			}
			for of, state := range worst {
				o(state, attribute.String("tenant", of.tenant), attribute.String("target", of.target))
			}
		})
}

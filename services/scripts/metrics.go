package scripts

import (
	"context"
	"log/slog"
	"slices"
	"strconv"

	"go.opentelemetry.io/otel/attribute"

	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/journal"
	"github.com/actionplane/actionplane/services/scripts/internal/worker"
)

// meters are what the room measures. Series with few labels exist, with 0, from
// the start.
type meters struct {
	lookups  *cache.Lookups
	outgoing telemetry.Durations
	blocked  *egress.Blocked
	outcomes map[journal.Outcome]outcomeSeries
	restarts map[worker.Reason]*telemetry.Count
	lines    *telemetry.Lines
}

// outcomeSeries are those of invocations that came to the same.
type outcomeSeries struct {
	count         *telemetry.Count
	duration, cpu telemetry.DurationSeries
}

// Bounds of histograms, in seconds. What a script takes of the processor is a
// fraction of what it may wait for others.
var (
	durationBounds = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20}
	cpuBounds      = []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .5, 1, 5}
	callBounds     = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
)

func newMeters(t *telemetry.Telemetry, log *slog.Logger) (*meters, error) {
	lookups, err := cache.NewLookups(t.Meter("scripts"), "program", cache.Memory, cache.Owner)
	if err != nil {
		return nil, err
	}
	blocked, err := egress.NewBlocked(t.Meter("scripts"))
	if err != nil {
		return nil, err
	}
	i := t.Instruments("scripts")
	m := &meters{
		lookups: lookups, blocked: blocked, lines: t.NewLines(log), outcomes: map[journal.Outcome]outcomeSeries{}, restarts: map[worker.Reason]*telemetry.Count{},
		outgoing: i.Durations("http.client.request.duration", "HTTP requests that are made for targets and scripts, name lookup and connect included, until the answer's end", callBounds...),
	}
	count := i.Tally("actionplane.scripts.invocations", "{invocation}", "calls of actions, by what they came to; dry runs are not counted")
	duration := i.Durations("actionplane.invocation.duration", "calls of actions, in their worker", durationBounds...)
	cpu := i.Durations("actionplane.invocation.cpu", "processor time of calls of actions", cpuBounds...)
	for _, outcome := range journal.Outcomes() {
		of := attribute.String("outcome", string(outcome))
		m.outcomes[outcome] = outcomeSeries{count.Of(attribute.String("result", string(outcome))), duration.Of(of), cpu.Of(of)}
	}
	restarts := i.Tally("actionplane.worker.restarts", "{restart}", "worker processes that were replaced, by why")
	for _, reason := range worker.Reasons() {
		m.restarts[reason] = restarts.Of(attribute.String("reason", string(reason)))
	}
	return m, i.Err()
}

// observe registers what is read of the pool and the recorder.
func (s *Service) observe(t *telemetry.Telemetry) error {
	i := t.Instruments("scripts")
	i.Counter("actionplane.scripts.invocations_not_recorded", "{invocation}",
		"invocations that ran but were not recorded, because the database could not keep up",
		func(_ context.Context, o telemetry.Observe) { o(float64(s.recorder.Dropped())) })
	i.Gauge("actionplane.workers", "{worker}", "worker processes that are up, by whether they wait for work",
		func(_ context.Context, o telemetry.Observe) {
			idle, busy := s.pool.Workers()
			o(float64(idle), attribute.String("state", "idle"))
			o(float64(busy), attribute.String("state", "busy"))
		})
	return i.Err()
}

// invoked measures a call of an action.
func (m *meters) invoked(ctx context.Context, e *journal.Entry) {
	s := m.outcomes[e.Outcome]
	s.count.Add(1)
	s.duration.Record(ctx, e.Duration)
	s.cpu.Record(ctx, e.CPU)
	for _, c := range e.Calls {
		m.outgoing.Of(callAttributes(c)...).Record(ctx, c.Duration)
		m.blocked.Count(c.Denied)
	}
}

// callAttributes describe an outgoing call of a script without what the script
// is free to choose: names of methods are bounded as semantic conventions say.
func callAttributes(c invocation.Call) []attribute.KeyValue {
	method := c.Method
	if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, method) {
		method = "_OTHER"
	}
	about := []attribute.KeyValue{attribute.String("http.request.method", method)}
	if c.Status >= 100 && c.Status <= 599 {
		about = append(about, attribute.Int("http.response.status_code", c.Status))
	}
	switch {
	case c.Status == 0:
		about = append(about, attribute.String("error.type", "no_answer"))
	case c.Status >= 400:
		about = append(about, attribute.String("error.type", strconv.Itoa(c.Status)))
	}
	return about
}

package meter

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Meters measures and tells. It is safe for concurrent use.
type Meters struct {
	targets *telemetry.PerTarget[*targetSeries]
	ages    *telemetry.PerTenant[telemetry.DurationSeries]
	chains  map[string]chainSeries // by kind of trigger
	posts   *posts
	blocked *egress.Blocked

	attempts, runs *telemetry.Lines
}

// Bounds of histograms, in seconds.
var (
	chainBounds    = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	overheadBounds = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}
	stepBounds     = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	ageBounds      = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43200, 86400, 259200}
)

// New registers the metrics. log is where lines go.
func New(t *telemetry.Telemetry, log *slog.Logger) (*Meters, error) {
	i := t.Instruments("dispatch")
	makers := newTargetMakers(i)
	age := i.Durations("actionplane.delivery.age", "time from an event, or a hook, to the success of its delivery", ageBounds...)
	blocked, err := egress.NewBlocked(t.Meter("dispatch"))
	if err != nil {
		return nil, err
	}
	m := &Meters{
		targets: telemetry.NewPerTarget(t.MetricLabels(), makers.series),
		ages: telemetry.NewPerTenant(t.MetricLabels(), func(tenant string) telemetry.DurationSeries {
			return age.Of(attribute.String("tenant", tenant))
		}),
		chains:   newChains(i),
		posts:    newPosts(i),
		blocked:  blocked,
		attempts: t.NewLines(log), runs: t.NewLines(log),
	}
	return m, i.Err()
}

// chainSeries are those of a kind of chain.
type chainSeries struct {
	outcomes map[Outcome]telemetry.DurationSeries
	overhead telemetry.DurationSeries
}

func newChains(i *telemetry.Instruments) map[string]chainSeries {
	duration := i.Durations("actionplane.chain.duration", "chains, from when dispatch had them: of a hook to its answer, of an event to the commit of its run", chainBounds...)
	overhead := i.Durations("actionplane.chain.overhead", "what of a chain's duration was not spent in attempts at its targets", overheadBounds...)
	chains := map[string]chainSeries{}
	for _, kind := range []string{run.TriggerRequest, run.TriggerResponse, run.TriggerFunction, run.TriggerEvent} {
		of := attribute.String("kind", kind)
		c := chainSeries{outcomes: map[Outcome]telemetry.DurationSeries{}, overhead: overhead.Of(of)}
		for _, outcome := range []Outcome{Succeeded, Interrupted, Failed, Pending} {
			c.outcomes[outcome] = duration.Of(of, attribute.String("outcome", string(outcome)))
		}
		chains[kind] = c
	}
	return chains
}

// age measures how old what was delivered is.
func (m *Meters) age(ctx context.Context, d *run.Delivery) {
	m.ages.Of(d.Tenant).Record(ctx, max(0, d.Changed.Sub(d.Run.Made())))
}

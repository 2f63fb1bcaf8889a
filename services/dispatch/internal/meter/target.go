package meter

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// stepOutcomes are what a step of a hook or an attempt of a delivery comes to.
// One that is handed to durable delivery is measured there.
var stepOutcomes = []string{
	string(run.Succeeded), string(run.PassedOver), string(run.Interrupted), string(delivery.OutcomeRetryable), string(delivery.OutcomeFailed),
}

var (
	attemptOutcomes = []delivery.Outcome{delivery.OutcomeSucceeded, delivery.OutcomeRetryable, delivery.OutcomeFailed}
	endStates       = []delivery.State{delivery.Succeeded, delivery.Failed, delivery.Exhausted, delivery.Canceled}
)

// targetMakers make the series of targets.
type targetMakers struct {
	step                                    telemetry.Durations
	attempts, deliveries, retries, failOpen *telemetry.Tally
}

func newTargetMakers(i *telemetry.Instruments) targetMakers {
	return targetMakers{
		step:       i.Durations("actionplane.step.duration", "steps of hooks and attempts of deliveries, waiting for the target's room included", stepBounds...),
		attempts:   i.Tally("actionplane.delivery.attempts", "{attempt}", "attempts of deliveries that were made, by what they came to"),
		deliveries: i.Tally("actionplane.deliveries", "{delivery}", "deliveries that came to an end, by state"),
		retries:    i.Tally("actionplane.retry.scheduled", "{retry}", "attempts that are to be repeated"),
		failOpen:   i.Tally("actionplane.fail_open", "{failure}", "steps of hooks that failed and were passed over, for their target does not interrupt"),
	}
}

// targetSeries are those of a target, or of all that share a label. Its counters
// exist from its first attempt on.
type targetSeries struct {
	makers   *targetMakers
	about    []attribute.KeyValue
	steps    [len(schemes)]map[string]*atomic.Pointer[telemetry.DurationSeries]
	attempts map[delivery.Outcome]*telemetry.Count
	ended    map[delivery.State]*telemetry.Count
	retries  *telemetry.Count
	failOpen *telemetry.Count
}

func (k targetMakers) series(tenant, target string) *targetSeries {
	about := []attribute.KeyValue{attribute.String("tenant", tenant), attribute.String("target", target)}
	with := func(key, value string) []attribute.KeyValue {
		return append(about[:2:2], attribute.String(key, value))
	}
	s := &targetSeries{
		makers: &k, about: about, retries: k.retries.Of(about...), failOpen: k.failOpen.Of(about...),
		attempts: map[delivery.Outcome]*telemetry.Count{}, ended: map[delivery.State]*telemetry.Count{},
	}
	for i := range s.steps {
		s.steps[i] = map[string]*atomic.Pointer[telemetry.DurationSeries]{}
		for _, outcome := range stepOutcomes {
			s.steps[i][outcome] = new(atomic.Pointer[telemetry.DurationSeries])
		}
	}
	for _, outcome := range attemptOutcomes {
		s.attempts[outcome] = k.attempts.Of(with("outcome", string(outcome))...)
	}
	for _, state := range endStates {
		s.ended[state] = k.deliveries.Of(with("state", string(state))...)
	}
	return s
}

// schemes are the ways to a target.
var schemes = [...]string{"http", "action", "nats"}

// step measures a step. A series is made when the first has come to its outcome:
// most targets know one way and two outcomes.
func (s *targetSeries) step(ctx context.Context, endpoint, outcome string, took time.Duration) {
	at := schemeOf(endpoint)
	kept, ok := s.steps[at][outcome]
	if !ok {
		return
	}
	series := kept.Load()
	if series == nil {
		made := s.makers.step.Of(append(s.about[:2:2], attribute.String("kind", schemes[at]), attribute.String("outcome", outcome))...)
		series = &made
		kept.Store(series)
	}
	series.Record(ctx, took)
}

// schemeOf returns the place of an endpoint's scheme. What is none of ours is
// tried, and refused, as HTTP.
func schemeOf(endpoint string) int {
	if endpoint == "" {
		return 0
	}
	switch endpoint[0] {
	case 'a', 'A':
		return 1
	case 'n', 'N':
		return 2
	}
	return 0
}

// Package profiletest draws days and costs for tests.
package profiletest

import (
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
	"github.com/actionplane/actionplane/tools/simulator/internal/traffic"
)

// Flat is a day of the same rates, one target, and no trouble.
func Flat(r traffic.Rates) traffic.Profile {
	p := traffic.Profile{
		Name: "flat", MatchedHooks: 1, MatchedEvents: 1, StepsWeights: []float64{1}, PayloadBytes: 1000, Tenants: 1,
		Targets: []traffic.Target{{Name: "a", Share: 1, MedianMilli: 10, P99Milli: 50}},
	}
	for range traffic.Hours {
		p.HooksPerSecond, p.EventsPerSecond = append(p.HooksPerSecond, r.Hooks), append(p.EventsPerSecond, r.Events)
		p.CallsPerSecond, p.FlowsPerSecond = append(p.CallsPerSecond, r.Calls), append(p.FlowsPerSecond, r.Flows)
	}
	p.House = traffic.House{
		Speed: 1, Cores: 1, PostgresCores: 4, NATSCores: 2, NATSNodes: 3, PostgresConnections: 300, Connections: 6, EventWorkers: 512, FirstAttempts: 2048,
		Retries: 128, TargetConcurrency: 128, HoldMilli: 250, ScriptWorkers: 4, Utilization: 0.7, RetrySeconds: []float64{5, 60, 600},
		RetentionDays: traffic.Retention{Succeeded: 7, DeadLetters: 30, Hooks: 7, Invocations: 14},
	}
	return p
}

// Draw is any day with rates up to most a second, two targets, an outage and a
// burst.
func Draw(t *rapid.T, most float64) traffic.Profile {
	share := func(name string) float64 { return rapid.Float64Range(0, 1).Draw(t, name) }
	rate := func(name string) float64 { return rapid.Float64Range(0, most).Draw(t, name) }
	p := Flat(traffic.Rates{Hooks: rate("hooks"), Events: rate("events"), Calls: rate("calls"), Flows: rate("flows")})
	for h := range traffic.Hours {
		p.EventsPerSecond[h] *= share("hour")
	}
	p.MatchedHooks, p.MatchedEvents, p.OverREST, p.ScriptSteps = share("matchedHooks"), share("matchedEvents"), share("overREST"), share("scriptSteps")
	p.StepsWeights = []float64{1, share("two"), share("three")}
	p.PayloadBytes = rapid.Float64Range(1, 20_000).Draw(t, "payload")
	first := share("share")
	p.Targets = []traffic.Target{
		{Name: "a", Share: first, MedianMilli: rapid.Float64Range(1, 1000).Draw(t, "median"), P99Milli: 5000, Failures: share("failures")},
		{Name: "b", Share: 1 - first, MedianMilli: 5, P99Milli: 50, Failures: 0.01, Concurrency: 4},
	}
	p.Outages = []traffic.Outage{{Target: "b", At: "00:15", Minutes: rapid.IntRange(1, 60).Draw(t, "outage")}}
	p.Bursts = []traffic.Burst{{What: rapid.SampledFrom(traffic.Kinds).Draw(t, "what"), At: "00:40", Minutes: 10, Times: rapid.Float64Range(0, 50).Draw(t, "times")}}
	return p
}

// Sheet costs every operation the same of every part: steps and sizes nothing
// more, so that sums can be done in the head.
func Sheet(microseconds float64) cost.Sheet {
	s := cost.Sheet{Operations: map[cost.Operation]cost.Measured{}, Idle: map[string]cost.Idle{}, Machine: cost.Machine{
		MeasuredAt: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), CPU: "test", Cores: 2, Go: "go", Revision: "none", PayloadBytes: 1024, LargePayloadBytes: 8192}}
	for _, op := range cost.Operations {
		each := cost.Amounts{cost.NATSMessages: 1, cost.NATSBytes: 1000, cost.RedisCommands: 1, cost.WALBytes: 1000, cost.Transactions: 0.1}
		for _, part := range append([]string{cost.Postgres, cost.NATS, cost.Redis}, cost.Services...) {
			each[cost.CPU(part)] = microseconds
			each[cost.Disk(part)] = 100
		}
		s.Operations[op] = cost.Measured{Count: 1, PerSecond: 1, Each: each}
	}
	return s
}

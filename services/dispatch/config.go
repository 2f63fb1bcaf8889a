package dispatch

import (
	"errors"
	"fmt"
	"time"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/services/dispatch/internal/circuit"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/gate"
	"github.com/actionplane/actionplane/services/dispatch/internal/profile"
	"github.com/actionplane/actionplane/services/dispatch/internal/retention"
)

// Config is what an operator may set.
type Config struct {
	EgressAllow egress.AllowList `env:"ACTIONPLANE_EGRESS_ALLOW" doc:"CIDRs, addresses and host names that targets may have although they are private, comma separated"`
	AnswerLimit int64            `env:"ACTIONPLANE_ANSWER_LIMIT" doc:"most bytes of a target's answer; what a call puts in place of a message must fit the bus as well"`

	EventWorkers int           `env:"ACTIONPLANE_DELIVERY_EVENT_WORKERS" doc:"events that one replica has in hand at once, a large one counting for several; more share a transaction, and fewer have all been sent within the hold where the machine is busy"`
	Overtake     int           `env:"ACTIONPLANE_DELIVERY_OVERTAKE" doc:"how many events have to wait in their stream for those of other tenants to overtake the ones of whom most wait; 0: they never do"`
	First        int           `env:"ACTIONPLANE_DELIVERY_FIRST_ATTEMPTS" doc:"first attempts that one replica has under way at once, of which a tenant may have three quarters: as many as the events in hand have steps to begin with, for what finds no room is written down first and costs more"`
	Retries      int           `env:"ACTIONPLANE_DELIVERY_RETRIES" doc:"further attempts that one replica has under way at once"`
	Hold         time.Duration `env:"ACTIONPLANE_DELIVERY_HOLD" doc:"longest that the stream waits for a first attempt; slower ones go on beside it"`
	Lease        time.Duration `env:"ACTIONPLANE_DELIVERY_LEASE" doc:"how much longer than its target's timeout a delivery is left to a silent replica"`
	Pause        time.Duration `env:"ACTIONPLANE_DELIVERY_PAUSE" doc:"wait after trouble of our own, such as a store that is away"`
	Grace        time.Duration `env:"ACTIONPLANE_DELIVERY_GRACE" doc:"how long a stopping replica lets attempts go on"`

	TraceContext profile.Trace `env:"ACTIONPLANE_TRACE_CONTEXT" doc:"what targets that do not say it themselves are told of traces: strip (nothing), inject (the trace itself, in traceparent), restart (another one, to which ours links)"`

	// Retry says when an attempt is repeated, of targets that do not say it
	// themselves.
	Retry delivery.Policy

	TargetConcurrency int           `env:"ACTIONPLANE_TARGET_CONCURRENCY" doc:"most attempts that a target has under way at once, over all replicas, where it does not say it itself"`
	CircuitFailures   int           `env:"ACTIONPLANE_CIRCUIT_FAILURES" doc:"failures in a row after which a target is left alone for a while, where it does not say it itself"`
	CircuitPause      time.Duration `env:"ACTIONPLANE_CIRCUIT_PAUSE" doc:"how long a target is left alone at first, where it does not say it itself; doubled after each probe that fails"`
	CircuitMaxPause   time.Duration `env:"ACTIONPLANE_CIRCUIT_MAX_PAUSE" doc:"longest that a target is left alone before it is probed"`
	Poll              time.Duration `env:"ACTIONPLANE_DELIVERY_POLL" doc:"how often a replica looks for what others have left due, and exchanges circuits with them"`

	// Retention says for how long what is over is kept.
	Retention     retention.Policy
	RetentionPoll time.Duration `env:"ACTIONPLANE_RETENTION_POLL" doc:"how often a replica looks for what has been kept for long enough"`
	RetentionPage int           `env:"ACTIONPLANE_RETENTION_PAGE" doc:"most runs that one transaction deletes"`
}

// limits are those of targets that do not say any themselves.
func (c Config) limits() gate.Limits {
	return gate.Limits{
		Concurrency: c.TargetConcurrency,
		Circuit:     circuit.Policy{Failures: c.CircuitFailures, Pause: c.CircuitPause, MaxPause: c.CircuitMaxPause},
	}
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		AnswerLimit:  20 << 20,
		EventWorkers: 512,
		Overtake:     1000,
		First:        2048,
		Retries:      128,
		Hold:         250 * time.Millisecond,
		Lease:        30 * time.Second,
		Pause:        2 * time.Second,
		Grace:        10 * time.Second,
		TraceContext: profile.TraceStrip,
		Retry:        delivery.DefaultPolicy(),

		TargetConcurrency: 128,
		CircuitFailures:   circuit.DefaultPolicy().Failures,
		CircuitPause:      circuit.DefaultPolicy().Pause,
		CircuitMaxPause:   circuit.DefaultPolicy().MaxPause,
		Poll:              time.Second,

		Retention:     retention.DefaultPolicy(),
		RetentionPoll: time.Minute,
		RetentionPage: 500,
	}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	problems := []error{c.Retry.Validate(), c.Retention.Validate()}
	if err := c.limits().Circuit.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("ACTIONPLANE_CIRCUIT_FAILURES, _PAUSE, _MAX_PAUSE: %w", err))
	}
	if err := c.TraceContext.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("ACTIONPLANE_TRACE_CONTEXT: %w", err))
	}
	if c.AnswerLimit < 1 {
		problems = append(problems, errors.New("ACTIONPLANE_ANSWER_LIMIT must be positive"))
	}
	if c.Overtake < 0 {
		problems = append(problems, errors.New("ACTIONPLANE_DELIVERY_OVERTAKE must not be negative"))
	}
	for name, n := range map[string]int{
		"ACTIONPLANE_DELIVERY_EVENT_WORKERS":  c.EventWorkers,
		"ACTIONPLANE_DELIVERY_FIRST_ATTEMPTS": c.First,
		"ACTIONPLANE_DELIVERY_RETRIES":        c.Retries,
		"ACTIONPLANE_TARGET_CONCURRENCY":      c.TargetConcurrency,
		"ACTIONPLANE_RETENTION_PAGE":          c.RetentionPage,
	} {
		if n < 1 || n > 65536 {
			problems = append(problems, fmt.Errorf("%s must be 1 to 65536", name))
		}
	}
	for name, d := range map[string]time.Duration{
		"ACTIONPLANE_DELIVERY_HOLD":  c.Hold,
		"ACTIONPLANE_DELIVERY_LEASE": c.Lease,
		"ACTIONPLANE_DELIVERY_PAUSE": c.Pause,
		"ACTIONPLANE_DELIVERY_GRACE": c.Grace,
		"ACTIONPLANE_DELIVERY_POLL":  c.Poll,
		"ACTIONPLANE_RETENTION_POLL": c.RetentionPoll,
	} {
		if d <= 0 {
			problems = append(problems, fmt.Errorf("%s must be positive", name))
		}
	}
	return errors.Join(problems...)
}

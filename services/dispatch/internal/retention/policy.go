// Package retention decides for how long runs are kept. A run goes as a whole,
// with its deliveries and their attempts, once every one of them has been over
// for as long as its kind is kept; one that is not over never goes.
package retention

import (
	"errors"
	"fmt"
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Policy says for how long what is over is kept.
type Policy struct {
	Succeeded   time.Duration `env:"ACTIONPLANE_RETENTION_SUCCEEDED" doc:"how long deliveries are kept that have succeeded; their runs, and so the ids of events that are not sent again, at least for ACTIONPLANE_EVENTS_MAX_AGE"`
	DeadLetters time.Duration `env:"ACTIONPLANE_RETENTION_DEAD_LETTERS" doc:"how long deliveries are kept that have failed, are exhausted or were canceled, and may be replayed"`
	Hooks       time.Duration `env:"ACTIONPLANE_RETENTION_HOOKS" doc:"how long runs of requests, responses and functions are kept"`
}

// DefaultPolicy returns the defaults.
func DefaultPolicy() Policy {
	const day = 24 * time.Hour
	return Policy{Succeeded: 7 * day, DeadLetters: 30 * day, Hooks: 7 * day}
}

// Validate reports everything that is wrong with the policy.
func (p Policy) Validate() error {
	var problems []error
	for name, d := range map[string]time.Duration{
		"ACTIONPLANE_RETENTION_SUCCEEDED":    p.Succeeded,
		"ACTIONPLANE_RETENTION_DEAD_LETTERS": p.DeadLetters,
		"ACTIONPLANE_RETENTION_HOOKS":        p.Hooks,
	} {
		if d <= 0 {
			problems = append(problems, fmt.Errorf("%s must be positive", name))
		}
	}
	return errors.Join(problems...)
}

// Shortest is the age below which nothing expires.
func (p Policy) Shortest() time.Duration { return min(p.Succeeded, p.DeadLetters, p.Hooks) }

// Rules are a policy at a moment.
type Rules struct {
	Policy
	Now time.Time
	// Oldest is when the oldest message was stored that may still make a run of
	// an event, Now where there is none; and Return is for how long an event may
	// come again that has its run. The run is what it is known by.
	Oldest time.Time
	Return time.Duration
}

// Expired reports whether the run is to go. Its kind, the time of its making and
// all its deliveries must be known.
func (r Rules) Expired(one run.Run) bool {
	now, keep := r.Now, r.Hooks
	if one.TriggerKind == run.TriggerEvent {
		now, keep = r.Oldest, r.Return
	}
	if one.CreatedAt.Add(keep).After(now) {
		return false
	}
	for _, d := range one.Deliveries {
		if !r.over(d, now) {
			return false
		}
	}
	return true
}

// ExpiredAlone is Expired for a delivery whose run was not recorded.
func (r Rules) ExpiredAlone(d run.Delivery) bool { return r.over(d, r.Now) }

func (r Rules) over(d run.Delivery, now time.Time) bool {
	keep := r.DeadLetters
	if d.State == delivery.Succeeded {
		keep = r.Succeeded
	}
	return d.State.Ended() && !d.Changed.Add(keep).After(now)
}

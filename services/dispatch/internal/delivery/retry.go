package delivery

import (
	"errors"
	"math"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
)

// Policy says how often and when an attempt is repeated.
type Policy struct {
	// MaxAttempts counts the first one too; 0 means one per entry of Schedule.
	MaxAttempts int
	// Schedule[n] is the wait before attempt n+1, counted from the end of the
	// attempt before it. The last entry repeats where attempts outnumber
	// entries; empty means never to repeat.
	Schedule []time.Duration
	// JitterFraction spreads each wait evenly over +/- this part of it, so that
	// deliveries that failed together do not return together. 0 to 1.
	JitterFraction float64
	// MaxRetryAfter is the longest wait that a target may ask for.
	MaxRetryAfter time.Duration
	// FatalStatuses are the HTTP statuses after which not to try again; 410 is
	// one unless RetryableStatuses names it.
	FatalStatuses []int
	// RetryableStatuses are the HTTP statuses after which to try again
	// although that would be the end otherwise, 410 among them.
	RetryableStatuses []int
}

// DefaultPolicy is the schedule that Standard Webhooks 1.0.0 proposes: ten
// attempts over three days, with a jitter of 20 %.
func DefaultPolicy() Policy {
	return Policy{
		Schedule: []time.Duration{
			0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
			5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
		},
		JitterFraction: 0.2,
		MaxRetryAfter:  24 * time.Hour,
	}
}

// Limits of a policy.
const (
	maxAttempts = 100
	maxWait     = 30 * 24 * time.Hour
)

// Validate reports everything that is wrong with the policy.
func (p Policy) Validate() error {
	var errs []error
	if p.MaxAttempts < 0 || p.Attempts() > maxAttempts {
		errs = append(errs, fault.Invalid("retry attempts must be between 0 and %d", maxAttempts))
	}
	if p.MaxAttempts > 1 && len(p.Schedule) == 0 {
		errs = append(errs, fault.Invalid("retry schedule must not be empty where there is more than one attempt"))
	}
	for i, wait := range p.Schedule {
		if wait < 0 || wait > maxWait {
			errs = append(errs, fault.Invalid("retry schedule[%d] must be between 0s and %s", i, maxWait))
		}
	}
	if p.JitterFraction < 0 || p.JitterFraction > 1 || math.IsNaN(p.JitterFraction) {
		errs = append(errs, fault.Invalid("retry jitter fraction must be between 0 and 1"))
	}
	if p.MaxRetryAfter < 0 || p.MaxRetryAfter > maxWait {
		errs = append(errs, fault.Invalid("retry longest retry-after must be between 0s and %s", maxWait))
	}
	return errors.Join(errs...)
}

// Attempts returns how many attempts there are in all, at least 1.
func (p Policy) Attempts() int {
	if p.MaxAttempts > 0 {
		return p.MaxAttempts
	}
	return max(1, len(p.Schedule))
}

// Conclude returns the event that ends the attempt under way: with its verdict
// everything is said but whether the policy allows another one. The last three
// arguments are those of Next.
func (d Delivery) Conclude(p Policy, v Verdict, retryAfter time.Duration, now time.Time, random float64) Event {
	switch v.Outcome {
	case OutcomeSucceeded:
		return Succeed(now)
	case OutcomeFailed:
		return Fail(now, v.Reason)
	}
	if due, ok := Next(p, d.Tries(), v.Outcome, retryAfter, now, random); ok {
		return BackOff(now, due)
	}
	return Exhaust(now)
}

// Next says when to try again after the attempt-th try of this round
// (Delivery.Tries) ended at now; ok is false when there is nothing to try
// again or no attempt left.
//
// retryAfter is what the target asked for, 0 for nothing. It is a floor, as in
// RFC 9110: up to the policy's cap it makes the wait longer, never shorter, or
// a target that always asks for a second would use up three days of attempts
// in ten. Jitter only adds to it. random is uniform in [0, 1).
func Next(p Policy, attempt int, outcome Outcome, retryAfter time.Duration, now time.Time, random float64) (due time.Time, ok bool) {
	if outcome != OutcomeRetryable || attempt >= p.Attempts() {
		return time.Time{}, false
	}
	wait := stretch(p.wait(attempt), 1+p.JitterFraction*(2*random-1))
	asked := stretch(min(retryAfter, p.MaxRetryAfter), 1+p.JitterFraction*random)
	return now.Add(max(wait, asked)), true
}

// wait is the time between the attempt-th try and the next, without jitter.
func (p Policy) wait(attempt int) time.Duration {
	if len(p.Schedule) == 0 {
		return 0
	}
	return p.Schedule[min(max(attempt, 0), len(p.Schedule)-1)]
}

func stretch(d time.Duration, factor float64) time.Duration {
	return time.Duration(float64(d) * factor)
}

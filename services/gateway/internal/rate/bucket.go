package rate

import (
	"sync/atomic"
	"time"
)

// Limit is how many requests are let through.
type Limit struct {
	// Rate per second; 0 is no limit.
	Rate int
	// Burst is how many may come at once after a quiet time.
	Burst int
}

// interval is what one request costs.
func (l Limit) interval() time.Duration { return time.Second / time.Duration(l.Rate) }

// window is how long a burst takes to be earned again.
func (l Limit) window() time.Duration { return l.interval() * time.Duration(l.Burst) }

// Verdict is what a bucket says to a request.
type Verdict struct {
	Allowed   bool
	Remaining int           // requests that would be let through at once
	Reset     time.Duration // until the burst is whole again
	Wait      time.Duration // until one more is let through; 0 where it is now
}

// bucket is one caller's allowance, by the generic cell rate algorithm: it
// knows when all that was used will be earned again, and nothing else. Times
// are durations since the limiter's start. It is never locked.
type bucket struct {
	earned atomic.Int64
	// unshared counts what other replicas do not know of yet.
	unshared atomic.Int64
	queued   atomic.Bool // to be shared
	key      string
}

// take uses one request of the allowance, if there is one.
func (b *bucket) take(now time.Duration, l Limit) Verdict {
	for {
		before := b.earned.Load()
		after := max(time.Duration(before), now) + l.interval()
		if over := after - now - l.window(); over > 0 {
			return Verdict{Wait: over, Reset: time.Duration(before) - now}
		}
		if b.earned.CompareAndSwap(before, int64(after)) {
			return l.verdict(after - now)
		}
	}
}

// look says what take would.
func (b *bucket) look(now time.Duration, l Limit) Verdict {
	debt := max(time.Duration(b.earned.Load())-now, 0)
	if over := debt + l.interval() - l.window(); over > 0 {
		return Verdict{Wait: over, Reset: debt}
	}
	return l.verdict(debt)
}

func (l Limit) verdict(debt time.Duration) Verdict {
	return Verdict{Allowed: true, Remaining: int((l.window() - debt) / l.interval()), Reset: debt}
}

// learn raises what is used to what all replicas used together.
func (b *bucket) learn(earned time.Duration) {
	for {
		before := b.earned.Load()
		if before >= int64(earned) || b.earned.CompareAndSwap(before, int64(earned)) {
			return
		}
	}
}

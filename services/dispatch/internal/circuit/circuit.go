// Package circuit decides whether a target may be tried at all. A target that
// fails several times in a row is left alone for a while; then one attempt
// probes whether it is back, and each probe that fails makes the next pause
// longer.
//
//	          failure, the last one allowed
//	closed ───────────────────────────────▶ open ◀─────────┐
//	   ▲                                     │ its pause   │ failure, or the
//	   │                                     ▼ is over     │ probe was not made
//	   └───────────success────────────── half_open ────────┘
//
// It does no I/O and keeps no time of its own.
package circuit

import (
	"time"

	"github.com/actionplane/actionplane/libs/fault"
)

// State is whether a target is tried. The values are stored and shown.
type State string

// The states.
const (
	Closed   State = "closed"    // as usual
	Open     State = "open"      // not before Until
	HalfOpen State = "half_open" // one attempt is under way, to see whether it is back
)

// Policy says when a circuit opens, and for how long.
type Policy struct {
	// Failures in a row that open it.
	Failures int
	// Pause before the first probe. It doubles with every probe that fails, up
	// to MaxPause.
	Pause    time.Duration
	MaxPause time.Duration
}

// DefaultPolicy opens after ten failures, for five seconds to five minutes.
func DefaultPolicy() Policy {
	return Policy{Failures: 10, Pause: 5 * time.Second, MaxPause: 5 * time.Minute}
}

// Validate reports what is wrong with the policy.
func (p Policy) Validate() error {
	if p.Failures < 1 || p.Pause <= 0 || p.MaxPause < p.Pause {
		return fault.Invalid("a circuit needs at least one failure, and a pause that is positive and no longer than the longest")
	}
	return nil
}

// pause after the trips-th opening in a row, from 1.
func (p Policy) pause(trips int) time.Duration {
	pause := p.Pause
	for range min(trips-1, 62) {
		if pause >= p.MaxPause/2 {
			return p.MaxPause
		}
		pause *= 2
	}
	return min(pause, p.MaxPause)
}

// Circuit is what is known of one target. The zero value is closed.
type Circuit struct {
	State State
	// Failures in a row, while closed; afterwards those that opened it.
	Failures int
	// Trips is how often it opened since the target last worked.
	Trips int
	// Until is when the next probe may go. While one is under way it is when
	// that is given up for lost.
	Until time.Time
	// Changed is when State was entered.
	Changed time.Time
}

// Result is what an attempt said about its target.
type Result uint8

// The results.
const (
	Unknown Result = iota // nothing: it was not made, or not the target's fault
	Worked
	Broke
)

// New returns a closed circuit.
func New() Circuit { return Circuit{State: Closed} }

// Ask asks to make an attempt that takes no longer than within. ok says whether
// it may be made; probe, that it decides about the circuit.
func (c Circuit) Ask(now time.Time, within time.Duration) (next Circuit, ok, probe bool) {
	switch {
	case c.State != Open && c.State != HalfOpen:
		return c, true, false
	case now.Before(c.Until):
		return c, false, false
	}
	c.State, c.Until, c.Changed = HalfOpen, now.Add(within), now
	return c, true, true
}

// Tell takes the result of an attempt. Once a circuit is open, only the probe
// decides: the others began before it opened.
func (c Circuit) Tell(p Policy, r Result, probe bool, now time.Time) Circuit {
	if c.State == HalfOpen {
		return c.judge(p, r, probe, now)
	}
	if c.State == Open || r == Unknown {
		return c
	}
	if r == Worked {
		c.Failures = 0
		return c
	}
	if c.Failures++; c.Failures < p.Failures {
		return c
	}
	return c.open(p, now)
}

func (c Circuit) judge(p Policy, r Result, probe bool, now time.Time) Circuit {
	switch {
	case !probe:
		return c
	case r == Worked:
		return Circuit{State: Closed, Changed: now}
	case r == Unknown: // whoever comes next probes
		c.State, c.Until, c.Changed = Open, now, now
		return c
	}
	return c.open(p, now)
}

func (c Circuit) open(p Policy, now time.Time) Circuit {
	c.Trips++
	c.State, c.Until, c.Changed = Open, now.Add(p.pause(c.Trips)), now
	return c
}

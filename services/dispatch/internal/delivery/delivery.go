// Package delivery decides what becomes of a delivery, the obligation to get
// one payload to one target: which state follows which event (transition.go),
// what an attempt's result means (outcome.go), when to try again (retry.go)
// and which deliveries of a run may go (progress.go). It does no I/O; time and
// chance are handed in.
//
//	held ──release──▶ scheduled ──start──▶ sending ──succeed──▶ succeeded
//	 │                    ▲  ▲               │ ▲ ├───fail─────▶ failed
//	 │enqueue      release│  └───abandon─────┤ │ └───exhaust──▶ exhausted
//	 ▼                    │                  ▼ │start
//	queued ───────────────┴────replay──── backing_off
//
// Deliveries with an ordering key pass through queued: there they wait for
// their turn among those of their target and key, of which one at a time is
// scheduled, sending or backing off. Who is next, Turn knows (turn.go).
//
// cancel ends every state that has not ended. replay makes an ended delivery
// scheduled again, enqueue does it with one that has an ordering key, and hold
// puts one that was canceled back behind the step it had waited for.
package delivery

import "time"

// State is where a delivery stands. The values are stored and shown.
type State string

// The states.
const (
	Held       State = "held"        // waits behind a step that interrupts on error
	Queued     State = "queued"      // waits for the earlier ones of its ordering key
	Scheduled  State = "scheduled"   // to be sent at Due
	Sending    State = "sending"     // an attempt is under way
	BackingOff State = "backing_off" // to be sent again at Due
	Succeeded  State = "succeeded"
	Failed     State = "failed"    // the target cannot be expected to take it, ever
	Exhausted  State = "exhausted" // no attempt is left
	Canceled   State = "canceled"
)

// States returns all states, in the order in which they are usually passed.
func States() []State {
	return []State{Held, Queued, Scheduled, Sending, BackingOff, Succeeded, Failed, Exhausted, Canceled}
}

// Ended reports that nothing more happens unless the delivery is replayed.
func (s State) Ended() bool {
	switch s {
	case Succeeded, Failed, Exhausted, Canceled:
		return true
	default:
		return false
	}
}

// Waiting reports that the delivery is to be sent when it is due.
func (s State) Waiting() bool { return s == Scheduled || s == BackingOff }

// Active reports that the delivery's turn has come, and is not over: of those
// of one target and ordering key, at most one is.
func (s State) Active() bool { return s.Waiting() || s == Sending }

// Reason says in one stored word why a delivery ended without success.
type Reason string

// The reasons. Those of attempts are in outcome.go.
const (
	StepBlocked   Reason = "step_blocked" // an earlier step that interrupts did not succeed
	Operator      Reason = "operator"     // somebody canceled it
	TargetDeleted Reason = "target_deleted"
	TargetOff     Reason = "target_disabled"
	OutOfAttempts Reason = "out_of_attempts"
)

// Delivery is the part of a delivery that changes.
type Delivery struct {
	State State
	// Attempt numbers the latest attempt, from 1 and without gaps over the
	// whole life of the delivery; 0 before the first.
	Attempt int
	// Earlier is how many of these attempts came before the latest replay.
	// Those do not count against the retry policy.
	Earlier int
	// Due is when to send while State.Waiting(); zero otherwise.
	Due time.Time
	// Reason is why it ended without success; empty otherwise.
	Reason Reason
	// Changed is when State was entered.
	Changed time.Time
}

// New returns a delivery as a run creates it: held, or due at once. Which of
// both, Initial knows.
func New(state State, now time.Time) Delivery {
	d := Delivery{State: state, Changed: now}
	if state == Scheduled {
		d.Due = now
	}
	return d
}

// Tries returns how many attempts count against the retry policy, the current
// one included.
func (d Delivery) Tries() int { return d.Attempt - d.Earlier }

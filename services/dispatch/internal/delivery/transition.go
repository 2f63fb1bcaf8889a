package delivery

import (
	"time"

	"github.com/actionplane/actionplane/libs/fault"
)

// EventKind is what can happen to a delivery.
type EventKind string

// The kinds of events.
const (
	kindRelease EventKind = "release"
	kindStart   EventKind = "start"
	kindSucceed EventKind = "succeed"
	kindBackOff EventKind = "back_off"
	kindFail    EventKind = "fail"
	kindExhaust EventKind = "exhaust"
	kindAbandon EventKind = "abandon"
	kindCancel  EventKind = "cancel"
	kindReplay  EventKind = "replay"
	kindHold    EventKind = "hold"
	kindEnqueue EventKind = "enqueue"
)

// Event is something that happened to a delivery. The functions below make
// them.
type Event struct {
	Kind   EventKind
	At     time.Time
	due    time.Time
	reason Reason
}

// GivesUp reports that the event ends the delivery without success, by what an
// attempt came to.
func (e Event) GivesUp() bool { return e.Kind == kindFail || e.Kind == kindExhaust }

// Release lets a delivery go that was held, or whose turn has come, at once.
func Release(at time.Time) Event { return Event{Kind: kindRelease, At: at, due: at} }

// Start begins an attempt.
func Start(at time.Time) Event { return Event{Kind: kindStart, At: at} }

// Succeed ends the attempt and the delivery well.
func Succeed(at time.Time) Event { return Event{Kind: kindSucceed, At: at} }

// BackOff ends the attempt; another is due later. Next knows when.
func BackOff(at, due time.Time) Event { return Event{Kind: kindBackOff, At: at, due: due} }

// Fail ends the attempt and the delivery, for trying again would be wasted.
func Fail(at time.Time, reason Reason) Event { return Event{Kind: kindFail, At: at, reason: reason} }

// Exhaust ends the attempt and the delivery, for it was the last one allowed.
func Exhaust(at time.Time) Event { return Event{Kind: kindExhaust, At: at, reason: OutOfAttempts} }

// Abandon gives up an attempt of which nobody will report the result, because
// its worker is gone, and lets another begin at once. The attempt may have
// reached the target. Abandoning never ends a delivery, so it cannot lose one.
func Abandon(at time.Time) Event { return Event{Kind: kindAbandon, At: at, due: at} }

// Cancel ends the delivery. An attempt under way is not called back: its
// result can still be recorded, but no longer changes the state.
func Cancel(at time.Time, reason Reason) Event {
	return Event{Kind: kindCancel, At: at, reason: reason}
}

// Replay sends again at once: an ended delivery with all attempts of the
// policy before it, one that is backing off without waiting any longer.
func Replay(at time.Time) Event { return Event{Kind: kindReplay, At: at, due: at} }

// Hold puts a canceled delivery back behind the step that it waited for,
// because that step is replayed. Revive knows which ones.
func Hold(at time.Time) Event { return Event{Kind: kindHold, At: at} }

// Enqueue lets a delivery with an ordering key wait for its turn: a held one
// instead of releasing it, an ended one instead of replaying it.
func Enqueue(at time.Time) Event { return Event{Kind: kindEnqueue, At: at} }

// moves holds every legal step: the state that follows. What is not here
// cannot happen.
var moves = map[State]map[EventKind]State{
	Held: {
		kindRelease: Scheduled,
		kindEnqueue: Queued,
		kindCancel:  Canceled,
	},
	Queued: {
		kindRelease: Scheduled,
		kindCancel:  Canceled,
	},
	Scheduled: {
		kindStart:  Sending,
		kindCancel: Canceled,
	},
	Sending: {
		kindSucceed: Succeeded,
		kindBackOff: BackingOff,
		kindFail:    Failed,
		kindExhaust: Exhausted,
		kindAbandon: Scheduled,
		kindCancel:  Canceled,
	},
	BackingOff: {
		kindStart:  Sending,
		kindReplay: Scheduled,
		kindCancel: Canceled,
	},
	Succeeded: {
		kindReplay:  Scheduled, // the receiver lost what it had taken
		kindEnqueue: Queued,
	},
	Failed: {
		kindReplay:  Scheduled,
		kindEnqueue: Queued,
	},
	Exhausted: {
		kindReplay:  Scheduled,
		kindEnqueue: Queued,
	},
	Canceled: {
		kindReplay:  Scheduled,
		kindEnqueue: Queued,
		kindHold:    Held,
	},
}

// Apply returns the delivery after an event, or CodeFailedPrecondition when
// the event cannot happen in its state: then somebody else was faster, and the
// caller must load again. d is not changed.
//
// Whether a delivery is due is not looked at: clocks of several machines
// differ, and the claim that precedes Start compares in the database.
func (d Delivery) Apply(e Event) (Delivery, error) {
	next, ok := moves[d.State][e.Kind]
	if !ok {
		return d, fault.FailedPrecondition("a delivery that is %s cannot %s", d.State, e.Kind)
	}
	switch {
	case e.Kind == kindStart:
		d.Attempt++
	case d.State.Ended(): // replay, enqueue, hold: a new round begins
		d.Earlier = d.Attempt
	}
	d.State, d.Due, d.Reason, d.Changed = next, e.due, e.reason, e.At
	return d, nil
}

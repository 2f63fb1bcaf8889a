// Package run is the vocabulary of what dispatch keeps: a run is one
// evaluation of an execution, its steps are targets as the chain had them, a
// delivery is the obligation to get one payload to one target, an attempt is
// one try. It holds no rules of its own; those of deliveries are in package
// delivery.
package run

import (
	"cmp"
	"strconv"
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/patch"
)

// Kinds of triggers. The values are stored and shown.
const (
	TriggerRequest  = "request"
	TriggerResponse = "response"
	TriggerFunction = "function"
	TriggerEvent    = "event"
)

// Run is one evaluation of an execution.
type Run struct {
	ID          ID
	Tenant      string
	Condition   string // that won, e.g. "event/user.human.*"
	TriggerKind string
	TriggerName string
	EventID     string // events only
	Body        []byte // events only: what every step is sent
	CreatedAt   time.Time
	Duration    time.Duration // hooks only: from the first step to the answer
	Error       string        // hooks only: why the caller was refused
	Steps       []StepResult  // hooks only
	Deliveries  []Delivery    // by position
}

// Event names an event.
type Event struct{ Tenant, ID string }

// Event returns the event that the run is of.
func (r Run) Event() Event { return Event{r.Tenant, r.EventID} }

// Kind is what a target is for.
type Kind string

// The kinds. The values are stored.
const (
	Webhook Kind = "webhook" // wait, and look at the status
	Call    Kind = "call"    // wait, and use the answer
	Async   Kind = "async"   // do not wait
)

// Step is a target as the chain kept it: later changes do not touch it.
type Step struct {
	TargetID   string
	TargetName string
	Kind       Kind
	Endpoint   string
	Timeout    time.Duration
	Interrupts bool // the chain ends, or waits, where this one fails
	Version    uint64
}

// Called is what the step's target is called in errors.
func (s Step) Called() string { return "target " + strconv.Quote(cmp.Or(s.TargetName, s.TargetID)) }

// Delivery is the obligation to get one payload to one target.
type Delivery struct {
	ID       DeliveryID
	Run      ID
	Tenant   string
	Position int // of the step, from 1
	Step
	delivery.Delivery
	CreatedAt time.Time
	// OrderingKey of the event; "" for none.
	OrderingKey string
	// Sequence is the event's place in its stream.
	Sequence uint64
	// Condition of the run, which is kept with the run alone. It is there where
	// the delivery is new or has just been claimed, and its run is written.
	Condition string
	// Lease is when somebody else may take the delivery while it is being
	// sent; zero otherwise.
	Lease time.Time
	// Body is what is sent, where it is not the run's.
	Body []byte
	// Traceparent is the trace of what made the delivery, in which later
	// attempts go on; "" where it is not sampled. It is there where the delivery
	// is new or has just been claimed.
	Traceparent string
	// Error is what the latest attempt failed of.
	Error    string
	Attempts []Attempt
}

// Lane is what keeps its order: the deliveries of a target and ordering key.
type Lane struct{ Tenant, TargetID, Key string }

// Lane returns the delivery's lane; ok is false where it has none.
func (d Delivery) Lane() (lane Lane, ok bool) {
	return Lane{d.Tenant, d.TargetID, d.OrderingKey}, d.OrderingKey != ""
}

// Again returns the event that replays the delivery, which has ended or is
// backing off.
func (d Delivery) Again(at time.Time) delivery.Event {
	if d.OrderingKey != "" && d.State.Ended() {
		return delivery.Enqueue(at)
	}
	return delivery.Replay(at)
}

// Wake is when somebody must look at the delivery; zero: never.
func (d Delivery) Wake() time.Time {
	if d.State == delivery.Sending {
		return d.Lease
	}
	return d.Due
}

// Attempt is one try.
type Attempt struct {
	Number    int // from 1
	StartedAt time.Time
	Duration  time.Duration
	Outcome   delivery.Outcome
	Status    int // of the target, where it gave one
	Error     string
}

// Outcome is what one step of a hook came to.
type Outcome string

// The outcomes. The values are stored.
const (
	Succeeded   Outcome = "succeeded"
	PassedOver  Outcome = "passed_over" // failed, and its target does not interrupt
	Interrupted Outcome = "interrupted" // failed, and ended the chain
	Queued      Outcome = "queued"      // handed to durable delivery
)

// StepResult tells what one step of a hook did.
type StepResult struct {
	Position   int           `json:"position"`
	TargetID   string        `json:"target_id"`
	TargetName string        `json:"target_name,omitempty"`
	Outcome    Outcome       `json:"outcome"`
	Status     int           `json:"status,omitempty"`
	Error      string        `json:"error,omitempty"`
	Duration   time.Duration `json:"duration"` // in nanoseconds
	Changed    bool          `json:"changed,omitempty"`
	// Patch is what changed of the message, where it was small enough to keep.
	// It is worked out when it is read.
	Patch *patch.Change `json:"patch,omitempty"`

	// Target is how much of Duration the target took; never stored.
	Target time.Duration `json:"-"`
	// The message around the step, for a caller who asked; never stored.
	Before []byte `json:"-"`
	After  []byte `json:"-"`
}

// Package doorman lets an event in once: before anything is sent for it, it asks
// whether the event has its run, and it lets nobody in with an event that
// somebody has in hand already.
//
// Streams forget a message's id after two minutes; what is published or resolved
// again later comes as a message like any other, and only the runs that are kept
// tell that it is none. Events that come together share a question, so that it
// costs each a few microseconds and one that is alone a round trip to the
// database.
package doorman

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Question is whether an event has its run.
type Question struct {
	Event   run.Event
	Known   bool // it has
	Claimed bool // a replica has it in hand before its turn
}

// Ask answers questions.
type Ask func(context.Context, []*Question) error

// Doorman is safe for concurrent use.
type Doorman struct {
	ask    Ask
	turned atomic.Uint64

	mu     sync.Mutex
	inside map[run.Event]struct{}
}

// timeout of a question.
const timeout = 10 * time.Second

// New returns a doorman who asks ask.
func New(ask Ask) *Doorman { return &Doorman{ask: ask, inside: map[run.Event]struct{}{}} }

// Visit is an event at the door.
type Visit struct {
	Question
	// Ours: it is we who have it in hand before its turn.
	Ours bool
	// Err is why it is neither let in nor known. CodeUnavailable: somebody has
	// it in hand, and what he makes of it is not known yet.
	Err error
}

// In reports that the event was let in: then call Leave once its run is
// committed, or is not going to be.
func (v *Visit) In() bool { return v.Err == nil && !v.Known }

// Admit lets those events in that have no run yet.
func (d *Doorman) Admit(ctx context.Context, visits []*Visit) {
	asked := make([]*Question, 0, len(visits))
	for _, v := range visits {
		if d.enter(v.Event) {
			asked = append(asked, &v.Question)
		} else {
			v.Err = fault.Unavailable("event %s is in hand already", v.Event.ID)
		}
	}
	if len(asked) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := d.ask(ctx, asked)
	for _, v := range visits {
		if v.Err == nil {
			d.decide(v, err)
		}
	}
}

// decide shows those out who may not come in.
func (d *Doorman) decide(v *Visit, err error) {
	if v.Err = err; err == nil && !v.Known && v.Claimed && !v.Ours {
		v.Err = fault.Unavailable("event %s is in hand before its turn", v.Event.ID)
	}
	if v.In() {
		return
	}
	if v.Err == nil {
		d.turned.Add(1)
	}
	d.Leave(v.Event)
}

// TurnedAway is how many events were not let in because they had their run.
func (d *Doorman) TurnedAway() uint64 { return d.turned.Load() }

func (d *Doorman) enter(e run.Event) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, in := d.inside[e]; in {
		return false
	}
	d.inside[e] = struct{}{}
	return true
}

// Leave says that an event that was let in is no longer in hand.
func (d *Doorman) Leave(e run.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.inside, e)
}

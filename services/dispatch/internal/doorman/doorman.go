// Package doorman lets an event in once: before anything is sent for it, it asks
// whether the event has its run, and it lets nobody in with an event that
// somebody has in hand already.
//
// Streams forget a message's id after two minutes; what is published or resolved
// again later comes as a message like any other, and only the runs that are kept
// tell that it is none. Many events share a question, so that it costs each a
// few microseconds and one that is alone a round trip to the database.
package doorman

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/groupcommit"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Question is whether an event has its run.
type Question struct {
	Event run.Event
	Known bool // the answer
}

// Ask answers questions.
type Ask func(context.Context, []*Question) error

// Doorman is safe for concurrent use. Run must be running for Admit to return.
type Doorman struct {
	questions *groupcommit.Writer[*Question]
	turned    atomic.Uint64

	mu     sync.Mutex
	inside map[run.Event]struct{}
}

// bounds are those of a question: a second is on its way while the next gather.
var bounds = groupcommit.Config{MaxBatch: 256, Parallel: 2, Timeout: 10 * time.Second}

// New returns a doorman who asks ask.
func New(ask Ask) *Doorman {
	return &Doorman{questions: groupcommit.New(bounds, ask), inside: map[run.Event]struct{}{}}
}

// Run answers until ctx is done. Stop those who call Admit first.
func (d *Doorman) Run(ctx context.Context) error { return d.questions.Run(ctx) }

// Admit lets an event in that has no run yet: then call leave once its run is
// committed, or is not going to be. Without leave and error, it has its run.
// CodeUnavailable: somebody has it in hand, and what he makes of it is not known
// yet.
func (d *Doorman) Admit(ctx context.Context, e run.Event) (leave func(), err error) {
	if !d.enter(e) {
		return nil, fault.Unavailable("event %s is in hand already", e.ID)
	}
	q := &Question{Event: e}
	if err := d.questions.Commit(ctx, q); err != nil {
		d.leave(e)
		return nil, err
	}
	if q.Known {
		d.turned.Add(1)
		d.leave(e)
		return nil, nil
	}
	return func() { d.leave(e) }, nil
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

func (d *Doorman) leave(e run.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.inside, e)
}

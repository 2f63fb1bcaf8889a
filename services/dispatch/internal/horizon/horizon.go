// Package horizon knows up to which event everything is known: events are
// resolved and handled side by side, by several replicas, so that a later one
// may have its deliveries before an earlier one has.
//
// An event is acknowledged in the stream EVENTS once what it makes is in the
// database. One that executions of the release before has resolved is
// acknowledged once it is in RUNS, and there once it is in the database. So when
// everything in EVENTS is acknowledged up to some sequence, whatever those events
// make is in the database or in RUNS; and once everything is acknowledged in RUNS
// that was there at that moment, it is in the database.
//
// That is one answer for all tenants, which waits for whoever has most to be
// handled. Of one tenant's events it is known, too, where none of them is left in
// EVENTS: handled ones go, in their turn or before it.
package horizon

import (
	"context"
	"math"
	"sync"
)

// Queue is a stream with the consumer that works it off.
type Queue interface {
	// Backlog returns the sequence up to which everything is acknowledged, and
	// that of the stream's last message, which is read first.
	Backlog(ctx context.Context) (acked, last uint64, err error)
}

// Events is the stream of events.
type Events interface {
	Queue
	// First returns the sequence of a tenant's oldest event that is still there.
	// Where there is none, it is greater than that of any event that there was
	// when it was asked.
	First(ctx context.Context, tenant string) (uint64, error)
}

// Horizon is safe for concurrent use.
type Horizon struct {
	events Events
	runs   Queue

	mu       sync.Mutex
	complete uint64
	open     bool   // a look has begun that is not answered yet
	asked    uint64 // sequence of EVENTS that it is about
	until    uint64 // sequence of RUNS that answers it
}

// New returns a horizon over the two streams.
func New(events Events, runs Queue) *Horizon { return &Horizon{events: events, runs: runs} }

// Look looks again. Every event whose sequence is at most complete has its
// deliveries; last is that of the latest event. Where the streams cannot be
// asked, what was known before still holds, and last is unknown: the greatest
// number there is.
func (h *Horizon) Look(ctx context.Context) (complete, last uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	acked, last, err := h.events.Backlog(ctx)
	if err != nil {
		return h.complete, math.MaxUint64
	}
	// Read after what is acknowledged of EVENTS: it is there by now.
	done, end, err := h.runs.Backlog(ctx)
	if err != nil {
		return h.complete, math.MaxUint64
	}
	if last < h.complete { // another stream of that name
		h.complete, h.open = 0, false
	}
	h.answer(done)
	if !h.open {
		h.open, h.asked, h.until = true, acked, end
		h.answer(done)
	}
	return h.complete, last
}

func (h *Horizon) answer(done uint64) {
	if h.open && done >= h.until {
		h.complete, h.open = max(h.complete, h.asked), false
	}
}

// Of looks at one tenant: every event of his whose sequence is at most complete
// has its deliveries. It is 0 where that cannot be told.
func (h *Horizon) Of(ctx context.Context, tenant string) (complete uint64) {
	first, err := h.events.First(ctx, tenant)
	if err != nil || first == 0 {
		return 0
	}
	// Read after what is left of EVENTS: what has gone to RUNS is there by now.
	done, end, err := h.runs.Backlog(ctx)
	if err != nil || done < end {
		return 0
	}
	return first - 1
}

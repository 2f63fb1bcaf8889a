// Package loop is the event loop of one invocation: timers, and work that goes
// on outside of the VM and comes back to it. Promise jobs are the VM's own; it
// runs them whenever it is left.
//
// The loop runs in the VM's goroutine, and only when Run is called. It ends when
// nothing is pending, or when time is over.
package loop

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

var (
	// ErrDeadline says that time was over while something was pending.
	ErrDeadline = errors.New("time is over")
	// ErrTooMany says that more would be pending than may be.
	ErrTooMany = errors.New("too much is pending")
)

// Limits of what may be pending at once.
const (
	maxTimers = 1000
	maxWork   = 64
)

// Loop is what one invocation waits for. Its methods are for the VM's
// goroutine.
type Loop struct {
	timers timers
	byID   map[int64]*timer
	lastID int64
	held   int // timers that keep the loop running

	done    chan func() error // work that came back
	working int
	running sync.WaitGroup
}

// New returns an empty loop.
func New() *Loop { return &Loop{} }

// timer is one that is set.
type timer struct {
	id    int64
	due   time.Time
	every time.Duration // zero for once
	fire  func() error
	loose bool // it does not keep the loop running
	at    int  // its place in the heap
}

// Timer is what Set takes.
type Timer struct {
	Delay  time.Duration
	Repeat bool
	// Loose timers do not keep the loop running.
	Loose bool
	// Fire runs script code. An error ends the loop.
	Fire func() error
}

// Set starts a timer and returns its id, which is never zero.
func (l *Loop) Set(t Timer) (int64, error) {
	if len(l.timers) >= maxTimers {
		return 0, fmt.Errorf("%w: more than %d timers", ErrTooMany, maxTimers)
	}
	delay := max(t.Delay, time.Millisecond)
	l.lastID++
	set := &timer{id: l.lastID, due: time.Now().Add(delay), fire: t.Fire, loose: t.Loose}
	if t.Repeat {
		set.every = delay
	}
	if l.byID == nil {
		l.byID = make(map[int64]*timer)
	}
	l.byID[set.id] = set
	heap.Push(&l.timers, set)
	l.hold(set, 1)
	return set.id, nil
}

// Clear stops a timer; one that is not set is fine.
func (l *Loop) Clear(id int64) {
	if t, ok := l.byID[id]; ok {
		heap.Remove(&l.timers, t.at)
		l.forget(t)
	}
}

func (l *Loop) forget(t *timer) {
	delete(l.byID, t.id)
	l.hold(t, -1)
}

func (l *Loop) hold(t *timer, n int) {
	if !t.loose {
		l.held += n
	}
}

// Go starts work in a goroutine of its own. What work returns is called in the
// VM's goroutine when the loop gets to it. Work has to end soon after the
// context that ends the invocation.
func (l *Loop) Go(work func() (back func() error)) error {
	if l.working >= maxWork {
		return fmt.Errorf("%w: more than %d calls", ErrTooMany, maxWork)
	}
	if l.done == nil {
		l.done = make(chan func() error, maxWork)
	}
	l.working++
	l.running.Go(func() { l.done <- work() })
	return nil
}

// Wait blocks until all work has ended. Nothing is called back.
func (l *Loop) Wait() { l.running.Wait() }

// Run calls back what comes due and comes back, until nothing is pending, stop
// says so, something called back fails, deadline has passed (ErrDeadline) or ctx
// ends (its error).
func (l *Loop) Run(ctx context.Context, deadline time.Time, stop func() bool) error {
	for !stop() && (l.held > 0 || l.working > 0) {
		back, err := l.next(ctx, deadline)
		if err != nil {
			return err
		}
		if err := back(); err != nil {
			return err
		}
	}
	return nil
}

// next waits for the next thing to call back.
func (l *Loop) next(ctx context.Context, deadline time.Time) (func() error, error) {
	now := time.Now()
	if !now.Before(deadline) {
		return nil, ErrDeadline
	}
	select {
	case back := <-l.done:
		l.working--
		return back, nil
	default:
	}
	wake := deadline
	if len(l.timers) > 0 {
		if first := l.timers[0]; !first.due.After(now) {
			return l.due(first, now), nil
		} else if first.due.Before(wake) {
			wake = first.due
		}
	}
	alarm := time.NewTimer(wake.Sub(now))
	defer alarm.Stop()
	select {
	case back := <-l.done:
		l.working--
		return back, nil
	case <-alarm.C:
		return nothing, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func nothing() error { return nil }

// due takes a timer out of the loop, or sets it again.
func (l *Loop) due(t *timer, now time.Time) func() error {
	if t.every > 0 {
		t.due = now.Add(t.every)
		heap.Fix(&l.timers, t.at)
		return t.fire
	}
	heap.Remove(&l.timers, t.at)
	l.forget(t)
	return t.fire
}

// timers is a heap: the next one due, and of several the one that was set
// first.
type timers []*timer

// Len implements heap.Interface, as the others.
func (h timers) Len() int { return len(h) }

// Less orders by due time.
func (h timers) Less(i, j int) bool {
	if h[i].due.Equal(h[j].due) {
		return h[i].id < h[j].id
	}
	return h[i].due.Before(h[j].due)
}

// Swap keeps the places.
func (h timers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

// Push appends.
func (h *timers) Push(x any) {
	t := x.(*timer)
	t.at = len(*h)
	*h = append(*h, t)
}

// Pop removes the last.
func (h *timers) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}

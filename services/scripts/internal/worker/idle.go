package worker

import (
	"context"
	"slices"
	"sync"

	"github.com/actionplane/actionplane/libs/fault"
)

var errStopped = fault.Unavailable("the script workers are stopping")

// idle is the workers that wait for work, and the invocations that wait for a
// worker: one of the two is always empty. The worker that was used last is
// used first, because its caches are warm; invocations are served in order.
type idle struct {
	maxQueue int

	mu      sync.Mutex
	workers []*process
	waiting []chan *process // each takes one worker, or is closed when we stop
	alive   []*process      // started and not dead, busy ones included
	changed chan struct{}   // closed and replaced whenever alive changes
	closed  bool
}

func newIdle(maxQueue int) *idle {
	return &idle{maxQueue: maxQueue, changed: make(chan struct{})}
}

// get takes a worker, or waits for one.
func (i *idle) get(ctx context.Context) (*process, error) {
	i.mu.Lock()
	if i.closed {
		i.mu.Unlock()
		return nil, errStopped
	}
	if last := len(i.workers) - 1; last >= 0 {
		p := i.workers[last]
		i.workers = i.workers[:last]
		i.mu.Unlock()
		return p, nil
	}
	if len(i.waiting) >= i.maxQueue {
		i.mu.Unlock()
		return nil, fault.Exhausted("too many scripts wait to run")
	}
	turn := make(chan *process, 1)
	i.waiting = append(i.waiting, turn)
	i.mu.Unlock()
	select {
	case p, ok := <-turn:
		if !ok {
			return nil, errStopped
		}
		return p, nil
	case <-ctx.Done():
		i.leave(turn)
		return nil, ctx.Err()
	}
}

// leave gives up a place in the queue, and the worker that may have come
// meanwhile.
func (i *idle) leave(turn chan *process) {
	i.mu.Lock()
	if at := slices.Index(i.waiting, turn); at >= 0 {
		i.waiting = slices.Delete(i.waiting, at, at+1)
	}
	i.mu.Unlock()
	select {
	case p, ok := <-turn:
		if ok {
			i.put(p)
		}
	default:
	}
}

// put gives a worker to who waits first, or keeps it. A dead one is dropped.
func (i *idle) put(p *process) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case p.dead:
	case i.closed:
		p.retire()
	case len(i.waiting) > 0:
		i.waiting[0] <- p
		i.waiting = slices.Delete(i.waiting, 0, 1)
	default:
		i.workers = append(i.workers, p)
	}
}

// join welcomes a worker that has become ready, and puts it to work.
func (i *idle) join(p *process) {
	i.mu.Lock()
	i.alive = append(i.alive, p)
	i.announce()
	i.mu.Unlock()
	i.put(p)
}

// remove forgets a worker that has died, wherever it is. Doing it twice is
// fine.
func (i *idle) remove(p *process) {
	i.mu.Lock()
	defer i.mu.Unlock()
	p.dead = true
	i.workers = slices.DeleteFunc(i.workers, func(w *process) bool { return w == p })
	i.alive = slices.DeleteFunc(i.alive, func(w *process) bool { return w == p })
	i.announce()
}

// announce wakes who awaits a change of alive. The lock is held.
func (i *idle) announce() {
	close(i.changed)
	i.changed = make(chan struct{})
}

// await blocks until n workers are alive and ready.
func (i *idle) await(ctx context.Context, n int) error {
	for {
		i.mu.Lock()
		ready, changed, closed := len(i.alive), i.changed, i.closed
		i.mu.Unlock()
		switch {
		case closed:
			return errStopped
		case ready >= n:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// close sends everybody home: who waits is refused, idle workers end, busy
// ones end when they are put back.
func (i *idle) close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closed = true
	i.announce()
	for _, turn := range i.waiting {
		close(turn)
	}
	for _, p := range i.workers {
		p.retire()
	}
	i.waiting, i.workers = nil, nil
}

func (i *idle) isClosed() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.closed
}

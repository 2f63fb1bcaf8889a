package worker

import (
	"context"
	"slices"
	"sync"

	"github.com/actionplane/actionplane/libs/fault"
)

var (
	errStopped   = fault.Unavailable("the script workers are stopping")
	errQueueFull = fault.Exhausted("too many scripts wait to run")
)

// idle is the workers that wait for work, and the invocations that wait for a
// worker. The worker that was used last is used first, because its caches are
// warm. Tenants take turns, a tenant's own invocations are served in order, and
// no tenant holds more workers than its share.
type idle struct {
	maxQueue int
	share    int // workers that one tenant may hold

	mu      sync.Mutex
	workers []*process
	waiting int // invocations in all queues
	queues  map[string]*queue
	turns   []*queue      // tenants that wait, the next one first
	alive   []*process    // started and not dead, busy ones included
	changed chan struct{} // closed and replaced whenever alive changes
	closed  bool
}

// queue is what one tenant holds and waits for.
type queue struct {
	tenant  string
	holds   int
	waiting []chan *process // each takes one worker, or is closed when we stop
}

func newIdle(maxQueue, share int) *idle {
	return &idle{maxQueue: maxQueue, share: share, queues: make(map[string]*queue), changed: make(chan struct{})}
}

// get takes a worker for a tenant, or waits for one.
func (i *idle) get(ctx context.Context, tenant string) (*process, error) {
	i.mu.Lock()
	if i.closed {
		i.mu.Unlock()
		return nil, errStopped
	}
	q := i.queue(tenant)
	if len(i.workers) > 0 && q.holds < i.share {
		p := i.take(q)
		i.mu.Unlock()
		return p, nil
	}
	if i.waiting >= i.maxQueue || len(q.waiting) >= max(1, i.maxQueue/2) {
		i.tidy(q)
		i.mu.Unlock()
		return nil, errQueueFull
	}
	turn := i.join(q)
	i.mu.Unlock()
	select {
	case p, ok := <-turn:
		if !ok {
			return nil, errStopped
		}
		return p, nil
	case <-ctx.Done():
		i.leave(q, turn)
		return nil, ctx.Err()
	}
}

// queue returns a tenant's. The lock is held, as in all that follow.
func (i *idle) queue(tenant string) *queue {
	q, ok := i.queues[tenant]
	if !ok {
		q = &queue{tenant: tenant}
		i.queues[tenant] = q
	}
	return q
}

// tidy forgets a tenant that neither holds nor waits for anything.
func (i *idle) tidy(q *queue) {
	if q.holds == 0 && len(q.waiting) == 0 {
		delete(i.queues, q.tenant)
	}
}

// take gives the warmest worker to a tenant.
func (i *idle) take(q *queue) *process {
	last := len(i.workers) - 1
	p := i.workers[last]
	i.workers = i.workers[:last]
	p.holder = q
	q.holds++
	return p
}

func (i *idle) join(q *queue) chan *process {
	turn := make(chan *process, 1)
	if len(q.waiting) == 0 {
		i.turns = append(i.turns, q)
	}
	q.waiting = append(q.waiting, turn)
	i.waiting++
	return turn
}

// leave gives up a place in the queue, and the worker that may have come
// meanwhile.
func (i *idle) leave(q *queue, turn chan *process) {
	i.mu.Lock()
	if at := slices.Index(q.waiting, turn); at >= 0 {
		q.waiting = slices.Delete(q.waiting, at, at+1)
		i.waiting--
		if len(q.waiting) == 0 {
			i.turns = slices.DeleteFunc(i.turns, func(other *queue) bool { return other == q })
		}
		i.tidy(q)
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

// put takes a worker back, and gives it to who is next. A dead one is dropped.
func (i *idle) put(p *process) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.release(p)
	switch {
	case p.dead:
	case i.closed:
		p.retire()
	default:
		i.workers = append(i.workers, p)
	}
	i.serve()
}

// release takes a worker from its holder.
func (i *idle) release(p *process) {
	if q := p.holder; q != nil {
		p.holder = nil
		q.holds--
		i.tidy(q)
	}
}

// serve gives workers to tenants that wait, in turn, as long as there are both.
func (i *idle) serve() {
	for len(i.workers) > 0 {
		at := slices.IndexFunc(i.turns, func(q *queue) bool { return q.holds < i.share })
		if at < 0 {
			return
		}
		q := i.turns[at]
		i.turns = slices.Delete(i.turns, at, at+1)
		turn := q.waiting[0]
		q.waiting = slices.Delete(q.waiting, 0, 1)
		i.waiting--
		if len(q.waiting) > 0 {
			i.turns = append(i.turns, q)
		}
		turn <- i.take(q)
	}
}

// welcome puts a worker that has become ready to work.
func (i *idle) welcome(p *process) {
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
	i.release(p)
	i.workers = slices.DeleteFunc(i.workers, func(w *process) bool { return w == p })
	i.alive = slices.DeleteFunc(i.alive, func(w *process) bool { return w == p })
	i.announce()
	i.serve() // its holder may have been at the end of its share
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
	for _, q := range i.turns {
		for _, turn := range q.waiting {
			close(turn)
		}
		q.waiting = nil
	}
	for _, p := range i.workers {
		p.retire()
	}
	i.waiting, i.turns, i.workers = 0, nil, nil
}

func (i *idle) isClosed() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.closed
}

package health

import (
	"context"
	"sync"
	"sync/atomic"
)

// check is a named Func of which at most one call runs at a time, so that a
// check that ignores its context costs one goroutine and not one per probe.
type check struct {
	name    string
	f       Func
	failing atomic.Bool

	mu   sync.Mutex
	call *call // the one that runs, or nil
}

// call is one run of a check; probes that arrive meanwhile share it.
type call struct {
	done chan struct{}
	err  error // readable once done is closed
}

// run returns the check's result, or why there was none in time.
func (c *check) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	running := c.start(ctx)
	select {
	case <-running.done:
		return running.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start joins the running call or begins one. The call outlives a prober who
// hangs up, for others may have joined; it has the same time to finish.
func (c *check) start(ctx context.Context) *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.call != nil {
		return c.call
	}
	started := &call{done: make(chan struct{})}
	c.call = started
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Timeout)
		defer cancel()
		started.err = c.f(ctx)
		c.mu.Lock()
		c.call = nil
		c.mu.Unlock()
		close(started.done)
	}()
	return started
}

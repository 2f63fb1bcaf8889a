package cache

import (
	"sync/atomic"
	"time"
)

// circuit refuses calls for a while after one has failed. When the pause is
// over it lets a single call through to see; the others wait for its outcome
// for another pause. So a dead Redis costs one slow call per pause, however
// many callers there are.
//
// Times are durations since some fixed moment, so that the monotonic clock
// counts.
type circuit struct {
	pause time.Duration

	// closedAt is when calls are allowed again, in nanoseconds; 0 while they
	// all are.
	closedAt atomic.Int64
}

// allow reports whether a call may be made now.
func (c *circuit) allow(now time.Duration) bool {
	until := c.closedAt.Load()
	switch {
	case until == 0:
		return true
	case int64(now) < until:
		return false
	}
	return c.closedAt.CompareAndSwap(until, int64(now+c.pause)) // one of those who saw the pause end
}

// failed starts a pause.
func (c *circuit) failed(now time.Duration) { c.closedAt.Store(int64(now + c.pause)) }

// succeeded ends the pause.
func (c *circuit) succeeded() {
	if c.closedAt.Load() != 0 { // the load keeps the cache line shared while all is well
		c.closedAt.Store(0)
	}
}

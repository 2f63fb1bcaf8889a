package courier

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// maxClaim is how many rows one claim takes at most.
const maxClaim = 64

// minRest is how long to leave rows alone that are due but that another replica
// is just claiming.
const minRest = 5 * time.Millisecond

// loop works off what is due until ctx is done. It asks for no more than it has
// slots for, so that another replica may take the rest.
func (c *Courier) loop(ctx context.Context) {
	for {
		free := c.acquire(ctx)
		if free == 0 {
			return
		}
		claimed, err := c.claim(ctx, free)
		c.release(free - len(claimed))
		for _, d := range claimed {
			c.attend(ctx, d)
		}
		if err != nil {
			if ctx.Err() == nil {
				c.deps.Log.WarnContext(ctx, "delivery.claim", "error", err)
			}
			sleep(ctx, c.cfg.Pause)
		} else if len(claimed) < free {
			c.rest(ctx)
		}
	}
}

// claim is not broken off when ctx ends: rows could be leased to nobody.
func (c *Courier) claim(ctx context.Context, limit int) ([]run.Delivery, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commits.Timeout)
	defer cancel()
	return c.deps.Store.Claim(ctx, limit, c.cfg.Lease)
}

// acquire waits for a slot and takes along what others are free; 0 once ctx is
// done.
func (c *Courier) acquire(ctx context.Context) int {
	select {
	case c.retries <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	if ctx.Err() != nil {
		c.release(1)
		return 0
	}
	n := 1
	for ; n < maxClaim; n++ {
		select {
		case c.retries <- struct{}{}:
		default:
			return n
		}
	}
	return n
}

func (c *Courier) release(n int) {
	for range n {
		<-c.retries
	}
}

// attend makes a claimed attempt beside the loop.
func (c *Courier) attend(ctx context.Context, d run.Delivery) {
	c.inFlight.work.Go(func() {
		defer c.release(1)
		ctx, end := c.inFlight.begin(ctx)
		defer end()
		c.report(ctx, c.try(ctx, d), d.Lease)
	})
}

// rest waits until the next delivery is due, something is kicked, or it is time
// to look whether another replica has left something.
func (c *Courier) rest(ctx context.Context) {
	wait := c.cfg.Poll
	if next, ok, err := c.deps.Store.NextWake(ctx); err == nil && ok {
		wait = max(min(wait, next), minRest)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.kicked:
	case <-ctx.Done():
	}
}

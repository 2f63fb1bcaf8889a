package courier

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/fairness"
	"github.com/actionplane/actionplane/services/dispatch/internal/gate"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

const (
	// minRest is how long to leave rows alone that are due but that another
	// replica is just claiming.
	minRest = 5 * time.Millisecond
	// crowdedRest is how long to leave rows alone whose targets have no room,
	// where nothing tells that they have.
	crowdedRest = 50 * time.Millisecond
	// minPutOff is the least time for which deliveries are put off.
	minPutOff = 100 * time.Millisecond
)

// loop works off what is due until ctx is done. It asks for no more than it has
// slots for, so that another replica may take the rest.
func (c *Courier) loop(ctx context.Context) {
	var after fairness.Lane
	for turn := 0; ctx.Err() == nil; turn++ {
		r := round{turn: turn, after: after}
		err := c.work(ctx, &r)
		after = r.next
		switch {
		case err != nil:
			if ctx.Err() == nil {
				c.deps.Log.WarnContext(ctx, "delivery.claim", "error", err)
			}
			sleep(ctx, c.cfg.Pause)
		case r.claimed == 0:
			c.rest(ctx, r)
		}
	}
}

// round is one look at what is due.
type round struct {
	turn    int
	after   fairness.Lane // of the look before
	next    fairness.Lane
	claimed int
	crowded bool // something is due that has no room
}

// work claims what there is room for and begins its attempts.
func (c *Courier) work(ctx context.Context, r *round) error {
	// Not broken off when ctx ends: rows could be leased to nobody.
	dbCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commits.Timeout)
	defer cancel()
	lanes, next, err := c.deps.Store.Due(dbCtx, r.after)
	if err != nil {
		return err
	}
	r.next = next
	takes := fairness.Plan(c.room(dbCtx, lanes), c.retries.free(), r.turn)
	r.crowded = len(lanes) > 0 && len(takes) == 0
	if len(takes) == 0 {
		return nil
	}
	claimed, err := c.deps.Store.Claim(dbCtx, takes, c.cfg.Lease)
	r.claimed = len(claimed)
	for _, d := range claimed {
		c.attend(ctx, d)
	}
	return err
}

// room says of each lane what may be tried now, and puts off what is of a
// target that is left alone.
func (c *Courier) room(ctx context.Context, lanes []fairness.Lane) []fairness.Lane {
	now := time.Now()
	for i := range lanes {
		l := &lanes[i]
		t := gate.Target{Tenant: l.Tenant, ID: l.Target}
		var until time.Time
		var open bool
		l.Room, until, open = c.deps.Gate.Room(t, now)
		l.Slow = c.slow.of(t)
		if !open {
			if err := c.deps.Store.PutOff(ctx, l.Tenant, l.Target, max(until.Sub(now), minPutOff)); err != nil {
				c.deps.Log.WarnContext(ctx, "delivery.put_off", "target_id", l.Target, "error", err)
			}
		}
	}
	return lanes
}

// attend makes a claimed attempt beside the loop. What was free when the claim
// was planned still is: the loop alone takes these slots.
func (c *Courier) attend(ctx context.Context, d run.Delivery) {
	slow := c.slow.of(targetOf(d))
	x := c.retries.force(d.Tenant, slow)
	lasts := time.AfterFunc(c.cfg.Hold, func() {
		c.slow.blame(targetOf(d))
		x.lasts()
	})
	c.inFlight.Go(func() {
		defer x.release()
		ctx, span := c.beginDue(c.inFlight.begin(ctx), d)
		defer span.End()
		report := c.try(ctx, c.deps.Caller, &d)
		lasts.Stop()
		conclude(span, report)
		c.report(ctx, report, d.Lease)
	})
}

// rest waits until the next delivery is due, something is kicked, or it is time
// to look whether another replica has left something.
func (c *Courier) rest(ctx context.Context, r round) {
	wait := c.cfg.Poll
	if r.crowded {
		wait = min(wait, crowdedRest)
	} else if next, ok, err := c.deps.Store.NextWake(ctx); err == nil && ok {
		wait = max(min(wait, next), minRest)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	var freed <-chan struct{}
	if r.crowded {
		freed = c.retries.freed
	}
	select {
	case <-timer.C:
	case <-c.kicked:
	case <-freed:
	case <-ctx.Done():
	}
}

func targetOf(d run.Delivery) gate.Target { return gate.Target{Tenant: d.Tenant, ID: d.TargetID} }

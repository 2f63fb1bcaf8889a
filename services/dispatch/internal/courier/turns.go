package courier

import (
	"context"
	"sync"
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
)

// Horizon knows up to which event everything is known.
type Horizon interface {
	// Look looks again. Every event whose sequence is at most complete has its
	// deliveries; last is that of the stream's latest.
	Look(ctx context.Context) (complete, last uint64)
	// Of looks at one tenant: every event of his whose sequence is at most
	// complete has its deliveries.
	Of(ctx context.Context, tenant string) (complete uint64)
}

// turns gives the deliveries of each lane their turns.
type turns struct {
	kicked chan struct{}

	mu    sync.Mutex
	dirty map[run.Lane]struct{}
}

// Touch tells of lanes in which somebody else's turn may have come.
func (c *Courier) Touch(lanes []run.Lane) {
	c.turns.mu.Lock()
	for _, l := range lanes {
		c.turns.dirty[l] = struct{}{}
	}
	c.turns.mu.Unlock()
	select {
	case c.turns.kicked <- struct{}{}:
	default:
	}
}

func (t *turns) take() []run.Lane {
	t.mu.Lock()
	defer t.mu.Unlock()
	lanes := make([]run.Lane, 0, len(t.dirty))
	for l := range t.dirty {
		if len(lanes) == maxLanes {
			break
		}
		lanes = append(lanes, l)
		delete(t.dirty, l)
	}
	return lanes
}

const (
	// maxLanes bounds the lanes of one look.
	maxLanes = 512
	// earlyRest is how long to wait before looking again whether what comes
	// before is known now.
	earlyRest = 3 * time.Millisecond
	// maxTenants bounds the tenants that one look is about by name, and tenantRest
	// is how long to wait before another such look.
	maxTenants = 16
	tenantRest = 50 * time.Millisecond
)

// giveTurns works until ctx is done. Lanes that we are not told of, because
// another replica was stopped, are found by looking through all.
func (c *Courier) giveTurns(ctx context.Context) error {
	g := giver{courier: c}
	sweep := time.NewTicker(c.cfg.Poll)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.turns.kicked:
			g.give(ctx, c.turns.take())
		case <-sweep.C:
			g.sweep(ctx)
		case <-g.retry():
			g.give(ctx, g.earlyLanes())
		}
	}
}

// giver is one call of giveTurns.
type giver struct {
	courier *Courier
	after   run.Lane // that the sweep looked at last
	early   []store.Early
	asked   time.Time // when tenants were last looked at by name
}

// retry fires when to look again for those that were early.
func (g *giver) retry() <-chan time.Time {
	if len(g.early) == 0 {
		return nil
	}
	return time.After(earlyRest)
}

func (g *giver) earlyLanes() []run.Lane {
	var lanes []run.Lane
	for _, e := range g.early {
		lanes = append(lanes, e.Lane)
	}
	return lanes
}

func (g *giver) sweep(ctx context.Context) {
	lanes, err := g.courier.deps.Store.OrderedLanes(ctx, g.after, maxLanes)
	if err != nil {
		g.complain(ctx, err)
		return
	}
	g.after = run.Lane{}
	if len(lanes) == maxLanes {
		g.after = lanes[len(lanes)-1]
	}
	g.give(ctx, lanes)
}

func (g *giver) give(ctx context.Context, lanes []run.Lane) {
	for len(lanes) > 0 && ctx.Err() == nil {
		part := lanes[:min(len(lanes), maxLanes)]
		lanes = lanes[len(part):]
		given, early, err := g.once(ctx, part)
		if err != nil {
			g.courier.Touch(part)
			g.complain(ctx, err)
			sleep(ctx, g.courier.cfg.Pause)
			return
		}
		g.keep(part, early)
		if given > 0 {
			g.courier.Kick()
		}
	}
}

// keep remembers who was early, of the lanes that were looked at and the others.
func (g *giver) keep(looked []run.Lane, early []store.Early) {
	seen := make(map[run.Lane]struct{}, len(looked))
	for _, l := range looked {
		seen[l] = struct{}{}
	}
	for _, e := range g.early {
		if _, again := seen[e.Lane]; !again {
			early = append(early, e)
		}
	}
	g.early = early
}

// once gives turns in some lanes. A delivery whose event lies beyond the end of
// the stream, as it was found after the delivery was, is of a stream that was
// lost: nothing before it will come.
func (g *giver) once(ctx context.Context, lanes []run.Lane) (int, []store.Early, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commits.Timeout)
	defer cancel()
	complete, last := g.courier.deps.Horizon.Look(ctx)
	known := g.overtaking(ctx, complete)
	for _, e := range g.early {
		if e.Sequence > last {
			known[e.Delivery] = true
		}
	}
	return g.courier.deps.Store.GiveTurns(ctx, lanes, func(id run.DeliveryID, sequence uint64) bool {
		return sequence <= complete || known[id]
	})
}

// overtaking returns those of the early deliveries whose events have overtaken
// others, of which all that come before in their own tenant are known.
func (g *giver) overtaking(ctx context.Context, complete uint64) map[run.DeliveryID]bool {
	known, byTenant := map[run.DeliveryID]bool{}, map[string]uint64{}
	if g.courier.cfg.Overtake == 0 || time.Since(g.asked) < tenantRest {
		return known
	}
	for _, e := range g.early {
		if e.Sequence <= complete+uint64(g.courier.cfg.Overtake) {
			continue // soon known anyway
		}
		of, ok := byTenant[e.Lane.Tenant]
		if !ok && len(byTenant) < maxTenants {
			g.asked = time.Now()
			of = g.courier.deps.Horizon.Of(ctx, e.Lane.Tenant)
			byTenant[e.Lane.Tenant] = of
		}
		known[e.Delivery] = e.Sequence <= of
	}
	return known
}

func (g *giver) complain(ctx context.Context, err error) {
	if ctx.Err() == nil {
		g.courier.deps.Log.WarnContext(ctx, "delivery.turns", "error", err)
	}
}

package dispatch

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/contract"
	"github.com/actionplane/actionplane/services/dispatch/internal/announced"
	"github.com/actionplane/actionplane/services/dispatch/internal/overtaking"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

const (
	// overtakeEvery is how often a replica looks whether much waits.
	overtakeEvery = 200 * time.Millisecond
	// overtakeRest is how soon again where somebody has overtaken.
	overtakeRest = 10 * time.Millisecond
	// overtakeMargin is how long an event must still have to wait to overtake: longer
	// than it takes to claim it, so that few are claimed in vain.
	overtakeMargin = 250 * time.Millisecond
	// overtakeMost is how many events overtake together, and overtakeEach of them
	// how many of one tenant.
	overtakeMost, overtakeEach = 64, 16
	// overtakeTimeout bounds all that is done together.
	overtakeTimeout = 10 * time.Second
	// overtakeLater is when a tenant whose chains were not at hand is looked at
	// again, so that the others have their turn meanwhile.
	overtakeLater = time.Second
)

// overtake lets events of tenants that publish little by those of one that
// publishes much, until ctx is done.
func (s *Service) overtake(ctx context.Context) error {
	if s.cfg.Overtake == 0 {
		<-ctx.Done()
		return nil
	}
	o := &overtaker{Service: s, later: map[string]time.Time{}, asked: map[announced.Kind]struct{}{}}
	defer o.asking.Wait()
	timer := time.NewTimer(overtakeEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		n, err := o.once(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "dispatch.overtake", "error", err)
		}
		timer.Reset(overtakeEvery)
		if n > 0 {
			timer.Reset(overtakeRest)
		}
	}
}

// overtaker is one call of overtake.
type overtaker struct {
	*Service
	pace   overtaking.Pace
	later  map[string]time.Time // when a tenant is looked at again
	asking sync.WaitGroup

	mu    sync.Mutex
	asked map[announced.Kind]struct{}
}

// once returns how many events were done with.
func (o *overtaker) once(ctx context.Context) (n int, err error) {
	place, err := o.bus.Place(ctx, contract.EventsStream, contract.EventsConsumer)
	if err != nil {
		return 0, err
	}
	o.pace.Look(time.Now(), place.Delivered)
	if place.Waiting < uint64(o.cfg.Overtake) {
		return 0, nil
	}
	ask := func(a *arrival) { o.ask(ctx, a) }
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), overtakeTimeout)
	defer cancel()
	err = o.store.Overtaking(lasting, func(lasting context.Context) error {
		n, err = o.together(lasting, o.pace.Reach(overtakeMargin), ask)
		return err
	})
	o.overtaken.Add(uint64(n))
	return n, err
}

// together takes events from behind a sequence and writes them down. What is sent
// for them is up to the retry loop, which serves tenants alike. ask has the chain
// of an event brought to hand.
func (o *overtaker) together(ctx context.Context, behind uint64, ask func(*arrival)) (n int, err error) {
	way, err := o.bus.Overtake(ctx, bus.Consumer{Stream: contract.EventsStream, Name: contract.EventsConsumer, Concurrency: overtakeMost})
	if err != nil {
		return 0, err
	}
	subjects, err := way.Subjects(ctx, contract.EventSubjects)
	if err != nil {
		return 0, err
	}
	now := time.Now()
	maps.DeleteFunc(o.later, func(_ string, at time.Time) bool { return at.Before(now) })
	var messages []*bus.Taken
	for _, tenantID := range overtaking.Plan(announced.ByTenant(subjects)) {
		if _, later := o.later[tenantID]; later {
			continue
		}
		taken, err := way.Take(ctx, contract.EventSubject(tenantID, ">"), behind, overtakeEach)
		messages = append(messages, taken...)
		if err != nil || len(messages) == overtakeMost {
			break // what is missing comes in its turn
		}
	}
	if len(messages) > 0 {
		bus.Guard(messages, func() { n = o.keep(ctx, messages, ask) })
	}
	return n, way.Finish(ctx)
}

// keep makes the runs of events, and returns how many it did not leave. Those
// whose chain is not at hand, or cannot be told, are left where they are.
func (o *overtaker) keep(ctx context.Context, messages []*bus.Taken, ask func(*arrival)) int {
	arrivals, err := o.claim(ctx, arrivalsOf(messages)) //nolint:contextcheck // each has its message's own
	if err != nil {
		o.log.WarnContext(ctx, "dispatch.overtake", "error", err)
		return 0
	}
	chains := o.resolve(ctx, arrivals, false)
	ready, pending := atHand(arrivals, chains)
	for _, kind := range pending {
		ask(kind[0])
		for _, a := range kind {
			o.leave(a)
		}
	}
	ready = slices.DeleteFunc(ready, func(a *arrival) bool {
		err := chains[a.announced.Kind].err
		untold := err != nil && !fault.Permanent(err)
		if untold {
			o.leave(a)
		}
		return untold
	})
	n := len(ready)
	o.deliver(ctx, begun(ready, chains), o.courier.Keep)
	return n
}

// claim tells the other replicas that these events are in hand, and returns those
// that no replica can have met before: whoever gets one from its consumer looks it
// up after that, and finds it claimed. The others are left to their turn.
func (o *overtaker) claim(ctx context.Context, arrivals []*arrival) (ours []*arrival, err error) {
	defer func() {
		for _, a := range arrivals {
			if !a.Ours {
				a.message.Release()
			}
		}
	}()
	events := make([]run.Event, len(arrivals))
	for i, a := range arrivals {
		events[i] = run.Event{Tenant: a.announced.Tenant, ID: a.announced.GetId()}
	}
	if err := o.store.ClaimEvents(ctx, events); err != nil {
		return nil, err
	}
	place, err := o.bus.Place(ctx, contract.EventsStream, contract.EventsConsumer)
	if err != nil {
		return nil, err
	}
	for _, a := range arrivals {
		if a.Ours = a.message.Sequence > place.Delivered; a.Ours {
			ours = append(ours, a)
		}
	}
	return ours, nil
}

// leave lets others of other tenants have their turn before this one's.
func (o *overtaker) leave(a *arrival) {
	a.message.Release()
	o.later[a.announced.Tenant] = time.Now().Add(overtakeLater)
}

// ask has the chain of an event's kind brought to hand, unless it is at it.
func (o *overtaker) ask(ctx context.Context, a *arrival) {
	o.mu.Lock()
	defer o.mu.Unlock()
	kind := a.announced.Kind
	if _, already := o.asked[kind]; already {
		return
	}
	o.asked[kind] = struct{}{}
	o.asking.Go(func() {
		select {
		case o.waiting <- struct{}{}:
			o.resolve(ctx, []*arrival{a}, true)
			<-o.waiting
		case <-ctx.Done():
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.asked, kind)
	})
}

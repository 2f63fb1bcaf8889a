package dispatch

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/announced"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/doorman"
	"github.com/actionplane/actionplane/services/dispatch/internal/envelope"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// consumeEvents delivers events.
func (s *Service) consumeEvents(ctx context.Context) error {
	var alone sync.WaitGroup
	defer alone.Wait()
	return s.bus.ConsumeTogether(ctx, bus.Consumer{
		Stream: contract.EventsStream, Name: contract.EventsConsumer, Concurrency: s.cfg.EventWorkers,
		Weigh: announced.Weight,
	}, func(lasting context.Context, messages []*bus.Taken) {
		if ctx.Err() != nil {
			var cancel context.CancelFunc
			lasting, cancel = context.WithTimeout(lasting, lastPatience)
			defer cancel()
		}
		s.deliverEvents(lasting, messages, &alone)
	})
}

// lastPatience is how long a replica that is stopping waits for the chains of
// events that it has got: executions may have stopped before. What it does not
// begin with comes again.
const lastPatience = 500 * time.Millisecond

// arrival is an event that has come.
type arrival struct {
	doorman.Visit
	message   *bus.Taken
	ctx       context.Context //nolint:containedctx // the message's, in the event's tenant
	announced announced.Event
	run       run.Run
}

// deliverEvents begins with events that somebody waits for, together. Those whose
// chain others have to be asked for go kind by kind, so that nobody else waits for
// that.
func (s *Service) deliverEvents(ctx context.Context, messages []*bus.Taken, alone *sync.WaitGroup) {
	arrivals := arrivalsOf(messages) //nolint:contextcheck // each has its message's own
	chains := s.resolve(ctx, arrivals, false)
	ready, pending := atHand(arrivals, chains)
	for _, kind := range pending {
		alone.Go(func() { s.deliverLater(ctx, kind) })
	}
	s.deliver(ctx, begun(ready, chains), s.courier.Deliver)
}

// arrivalsOf reads messages, and settles what is no event.
func arrivalsOf(messages []*bus.Taken) []*arrival {
	arrivals := make([]*arrival, 0, len(messages))
	for _, m := range messages {
		if !announced.Batched(m.Message) {
			arrivals = appendArrival(arrivals, m)
			continue
		}
		events, err := announced.Unpack(m.Message)
		if err != nil {
			m.Settle(err)
			continue
		}
		for _, part := range m.Split(events) {
			arrivals = appendArrival(arrivals, part)
		}
	}
	return arrivals
}

func appendArrival(arrivals []*arrival, m *bus.Taken) []*arrival {
	a, err := arrived(m)
	if err != nil {
		m.Settle(err)
		return arrivals
	}
	return append(arrivals, a)
}

// atHand divides arrivals into those whose chain is at hand and the others.
func atHand(arrivals []*arrival, chains map[announced.Kind]chain) (ready []*arrival, pending map[announced.Kind][]*arrival) {
	ready, pending = arrivals[:0], map[announced.Kind][]*arrival{}
	for _, a := range arrivals {
		if kind := a.announced.Kind; chains[kind].pending {
			pending[kind] = append(pending[kind], a)
		} else {
			ready = append(ready, a)
		}
	}
	return ready, pending
}

// deliverLater waits for the chain of events of one kind. Only so many kinds are
// waited for at once: each keeps one of those at executions busy who answer hooks,
// too.
func (s *Service) deliverLater(ctx context.Context, arrivals []*arrival) {
	s.waiting <- struct{}{}
	defer func() { <-s.waiting }()
	bus.Guard(messagesOf(arrivals), func() { s.deliver(ctx, begun(arrivals, s.resolve(ctx, arrivals, true)), s.courier.Deliver) })
}

func messagesOf(arrivals []*arrival) []*bus.Taken {
	messages := make([]*bus.Taken, len(arrivals))
	for i, a := range arrivals {
		messages[i] = a.message
	}
	return messages
}

// begun returns those of the arrivals for which a run is to be made.
func begun(arrivals []*arrival, chains map[announced.Kind]chain) []*arrival {
	ready, now := arrivals[:0], time.Now()
	for _, a := range arrivals {
		if a.begin(chains[a.announced.Kind], now) {
			ready = append(ready, a)
		}
	}
	return ready
}

// arrived reads the event of a message.
func arrived(m *bus.Taken) (*arrival, error) {
	event, err := announced.Read(m.Message)
	if err != nil {
		return nil, err
	}
	linkOrigin(m.Context(), event.Event)
	ctx := tenant.With(m.Context(), tenant.Identity{Tenant: tenant.ID(event.Tenant), Organization: tenant.OrganizationID(event.GetOrganizationId())})
	return &arrival{message: m, ctx: ctx, announced: event}, nil
}

// begin makes the event's run, and settles the message where there is none to be
// made. The run's id follows from the message, so that an event that is handled
// twice is known to its receivers by one id however much later that is.
func (a *arrival) begin(c chain, now time.Time) bool {
	if c.err != nil || len(c.steps) == 0 {
		a.message.Settle(c.err)
		return false
	}
	id := run.ID(ident.Of(a.message.Stored, place(a.message.Message)))
	a.run = eventRun(a.announced, id, c, a.message.Sequence, now)
	return true
}

// place is a number that no other event has that was stored in the same
// millisecond: the sequence, and for those of a batch one that lies at least 65,536
// away from that of every other.
func place(m bus.Message) uint64 { return m.Sequence + uint64(m.Part)<<16 }

// deliver makes the runs of events, whose messages are settled once that is done.
// A message that comes again, or an event that was published again, may have been
// handled to the end; then its targets are not called once more.
func (s *Service) deliver(ctx context.Context, arrivals []*arrival, begin beginning) {
	visits := make([]*doorman.Visit, len(arrivals))
	for i, a := range arrivals {
		a.Event = a.run.Event()
		visits[i] = &a.Visit
	}
	s.doorman.Admit(ctx, visits)
	s.disclaim(ctx, visits)
	for _, a := range arrivals {
		s.deliverEvent(a, begin)
	}
}

// disclaim looks, where an event was not let in because a replica has it in hand
// before its turn, whether that replica is still there.
func (s *Service) disclaim(ctx context.Context, visits []*doorman.Visit) {
	if !slices.ContainsFunc(visits, func(v *doorman.Visit) bool { return v.Claimed && !v.Ours }) {
		return
	}
	if err := s.store.DisclaimEvents(ctx); err != nil {
		s.log.WarnContext(ctx, "dispatch.overtake", "error", err)
	}
}

// beginning takes a run, and calls done once it is committed or not.
type beginning func(ctx context.Context, r run.Run, done func(error))

// deliverEvent begins with an event that was let in.
func (s *Service) deliverEvent(a *arrival, begin beginning) {
	if !a.In() {
		a.message.Settle(a.Err)
		return
	}
	over := func(err error) {
		s.doorman.Leave(a.Event)
		a.message.Settle(err)
	}
	s.courier.NumberDeliveries(&a.run)
	traceEvent(a.ctx, &a.run)
	begin(a.ctx, a.run, over)
}

// eventRun is the run of an event whose chain is c, with deliveries that have no
// ids yet. sequence is the event's place in its stream: the order of those that
// have one ordering key.
func eventRun(event announced.Event, id run.ID, c chain, sequence uint64, now time.Time) run.Run {
	r := run.Run{
		ID: id, Tenant: event.Tenant, Condition: c.condition, TriggerKind: run.TriggerEvent,
		TriggerName: event.GetType(), EventID: event.GetId(), CreatedAt: now,
		Body: eventBody(event.Tenant, event.Event),
	}
	r.Deliveries = deliveriesOf(r, c.steps, event.GetOrderingKey(), sequence, now)
	return r
}

// deliveriesOf makes a delivery of every step, whatever its target's kind: to
// events nobody waits for an answer. With an ordering key none goes before its
// turn.
func deliveriesOf(r run.Run, steps []run.Step, key string, sequence uint64, now time.Time) []run.Delivery {
	interrupts := make([]bool, len(steps))
	for i, step := range steps {
		interrupts[i] = step.Interrupts
	}
	states := delivery.Initial(interrupts)
	for i, state := range states {
		if key != "" && state == delivery.Scheduled {
			states[i] = delivery.Queued
		}
	}
	deliveries := make([]run.Delivery, len(steps))
	for i, step := range steps {
		deliveries[i] = run.Delivery{
			Run: r.ID, Tenant: r.Tenant, Position: i + 1, Step: step, Delivery: delivery.New(states[i], now), CreatedAt: now,
			OrderingKey: key, Sequence: sequence, Condition: r.Condition,
		}
	}
	return deliveries
}

// eventBody writes what targets are sent. What a publisher left out of the
// aggregate is filled in: the first part of the type, and the event's id.
func eventBody(tenantID string, e *eventsv1.Event) []byte {
	aggregate, _, _ := strings.Cut(e.GetType(), ".")
	body := envelope.Event{
		AggregateID: or(e.GetAggregateId(), e.GetId()), AggregateType: or(e.GetAggregateType(), aggregate),
		ResourceOwner: e.GetOrganizationId(), InstanceID: tenantID, Version: e.GetVersion(), Sequence: e.GetSequence(),
		Type: e.GetType(), UserID: e.GetUserId(), Payload: e.GetPayload(),
		Attributes: e.GetAttributes(),
	}
	if e.GetCreatedAt() != nil {
		body.CreatedAt = e.GetCreatedAt().AsTime()
	}
	return body.Append(make([]byte, 0, len(e.GetPayload())+512))
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

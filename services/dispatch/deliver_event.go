package dispatch

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/contract"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/doorman"
	"github.com/actionplane/actionplane/services/dispatch/internal/envelope"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// consumerName is the durable consumer that replicas share.
const consumerName = "dispatch"

// consumeRuns delivers events.
func (s *Service) consumeRuns(ctx context.Context) error {
	return s.bus.ConsumeTogether(ctx, bus.Consumer{Stream: contract.RunsStream, Name: consumerName, Concurrency: s.cfg.EventWorkers}, s.deliverEvents)
}

// arrival is an event that has come.
type arrival struct {
	doorman.Visit
	message *bus.Taken
	run     run.Run
}

// deliverEvents makes the runs of events, whose messages are settled once that
// is done. A message that comes again, or an event that was published again, may
// have been handled to the end; then its targets are not called once more.
func (s *Service) deliverEvents(ctx context.Context, messages []*bus.Taken) {
	arrivals, visits := make([]*arrival, 0, len(messages)), make([]*doorman.Visit, 0, len(messages))
	now := time.Now()
	for _, m := range messages {
		r, err := readRun(m, now)
		if err != nil {
			m.Settle(err)
			continue
		}
		a := &arrival{message: m, run: r}
		a.Event = r.Event()
		arrivals, visits = append(arrivals, a), append(visits, &a.Visit)
	}
	s.doorman.Admit(ctx, visits)
	for _, a := range arrivals {
		s.deliverEvent(a) //nolint:contextcheck // each under its own message's
	}
}

// deliverEvent begins with an event that was let in.
func (s *Service) deliverEvent(a *arrival) {
	if !a.In() {
		a.message.Settle(a.Err)
		return
	}
	over := func(err error) {
		s.doorman.Leave(a.Event)
		a.message.Settle(err)
	}
	if err := s.courier.NumberDeliveries(&a.run); err != nil {
		over(err)
		return
	}
	traceEvent(a.message.Context(), &a.run)
	s.courier.Deliver(a.message.Context(), a.run, over)
}

// readRun reads the run that a message asks for.
func readRun(m *bus.Taken, now time.Time) (run.Run, error) {
	cmd := new(dispatchv1.DeliverEventCommand)
	if err := proto.Unmarshal(m.Data, cmd); err != nil {
		return run.Run{}, fault.Invalid("run: malformed").Because(err)
	}
	return eventRun(strings.TrimPrefix(m.Subject, contract.DeliverEventSubject("")), cmd, now)
}

// eventRun reads the command, whose payload executions has checked: nobody else
// publishes any. The deliveries have no ids yet.
func eventRun(tenantID string, cmd *dispatchv1.DeliverEventCommand, now time.Time) (run.Run, error) {
	event := cmd.GetEvent()
	id, err := run.ParseID(cmd.GetRunId())
	if err != nil {
		return run.Run{}, err
	}
	steps, err := stepsOf(cmd.GetChain())
	if err != nil {
		return run.Run{}, err
	}
	if event.GetId() == "" {
		return run.Run{}, fault.Invalid("event.id: is missing")
	}
	r := run.Run{
		ID: id, Tenant: tenantID, Condition: cmd.GetChain().GetCondition(), TriggerKind: run.TriggerEvent,
		TriggerName: event.GetType(), EventID: event.GetId(), CreatedAt: now,
		Body: eventBody(tenantID, event),
	}
	r.Deliveries = deliveriesOf(r, steps, event.GetOrderingKey(), cmd.GetEventSequence(), now)
	return r, nil
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

package executions

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/libs/wirejson"
	"github.com/actionplane/actionplane/proto/contract"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
)

// consumeEvents turns events into runs.
func (s *Service) consumeEvents(ctx context.Context) error {
	var alone sync.WaitGroup
	defer alone.Wait()
	return s.bus.ConsumeTogether(ctx, bus.Consumer{
		Stream: contract.EventsStream, Name: "executions", Concurrency: s.cfg.EventWorkers,
	}, func(ctx context.Context, messages []*bus.Taken) { s.resolveEvents(ctx, messages, &alone) })
}

// resolveEvents hands events that somebody waits for on to dispatch, together.
// Those of which somebody has to be asked first go alone, so that the others do
// not wait for that.
func (s *Service) resolveEvents(ctx context.Context, messages []*bus.Taken, alone *sync.WaitGroup) {
	together, commands := make([]*bus.Taken, 0, len(messages)), make([]bus.Outgoing, 0, len(messages))
	for _, m := range messages {
		a, err := readEvent(m.Message)
		if err != nil {
			m.Settle(err)
			continue
		}
		if !s.resolver.Knows(a.tenant, a.trigger()) {
			alone.Go(func() {
				m.Handle(func(context.Context, bus.Message) error { return s.resolveAlone(ctx, m, a) })
			})
			continue
		}
		command, err := s.command(m.Context(), m, a) //nolint:contextcheck // the message's own
		if err != nil || command == nil {
			m.Settle(err)
			continue
		}
		together, commands = append(together, m), append(commands, *command)
	}
	errs := s.bus.PublishEach(ctx, commands)
	for i, m := range together {
		if errs != nil {
			m.Settle(errs[i])
		} else {
			m.Settle(nil)
		}
	}
}

func (s *Service) resolveAlone(ctx context.Context, m *bus.Taken, a announced) error {
	command, err := s.command(m.Context(), m, a) //nolint:contextcheck // the message's own
	if err != nil || command == nil {
		return err
	}
	return errors.Join(s.bus.PublishEach(ctx, []bus.Outgoing{*command})...)
}

// announced is an event and whose it is.
type announced struct {
	tenant string
	*eventsv1.Event
}

func (a announced) trigger() condition.Trigger {
	return condition.Trigger{Kind: condition.Event, Name: a.GetType()}
}

// readEvent reads what a message announces.
func readEvent(m bus.Message) (announced, error) {
	tenantID, eventType, ok := strings.Cut(strings.TrimPrefix(m.Subject, strings.TrimSuffix(contract.EventSubjects, ">")), ".")
	if !ok || !utf8.ValidString(tenantID) {
		return announced{}, fault.Invalid("subject %q names no tenant and type", m.Subject)
	}
	event, err := decodeEvent(m, tenantID, eventType)
	return announced{tenantID, event}, err
}

// command returns what dispatch is told, nil where nobody waits for the event.
// The event's id is the message id of the command, and the run's id follows from
// the message, so that an event that is resolved twice makes one run, and is
// known to its receivers by one id however much later that is.
func (s *Service) command(ctx context.Context, m *bus.Taken, a announced) (*bus.Outgoing, error) {
	linkOrigin(ctx, a.Event)
	chain, err := s.resolve(ctx, a.tenant, a.trigger())
	if err != nil || len(chain.GetSteps()) == 0 {
		return nil, err
	}
	data, err := proto.Marshal(&dispatchv1.DeliverEventCommand{
		RunId: ident.Of(m.Stored, m.Sequence), Chain: chain, Event: a.Event, PublishedAt: timestamppb.New(m.Stored),
		EventSequence: m.Sequence,
	})
	if err != nil {
		return nil, fault.Invalid("event %s cannot be encoded", a.GetId()).Because(err)
	}
	ctx = tenant.With(ctx, tenant.Identity{Tenant: tenant.ID(a.tenant), Organization: tenant.OrganizationID(a.GetOrganizationId())})
	return &bus.Outgoing{Subject: contract.DeliverEventSubject(a.tenant), ID: a.tenant + "/" + a.GetId(), Data: data, From: ctx}, nil
}

// decodeEvent reads an event in protobuf or, where its publisher says so, in
// JSON. The subject has the last word on the type.
func decodeEvent(m bus.Message, tenantID, eventType string) (*eventsv1.Event, error) {
	event := new(eventsv1.Event)
	decode := proto.Unmarshal
	if m.IsJSON() {
		decode = wirejson.Default().Unmarshal
	}
	if err := decode(m.Data, event); err != nil {
		return nil, fault.Invalid("event %s: malformed", m.ID()).Because(err)
	}
	event.Type = eventType
	if err := checkEvent("event", event); err != nil {
		return nil, err
	}
	if event.GetId() == "" {
		event.Id = strings.TrimPrefix(m.ID(), tenantID+"/")
	}
	if event.GetId() == "" {
		event.Id = "seq-" + strconv.FormatUint(m.Sequence, 10)
	}
	if event.GetCreatedAt() == nil {
		event.CreatedAt = timestamppb.New(m.Stored)
	}
	return event, nil
}

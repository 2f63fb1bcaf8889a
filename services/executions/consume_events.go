package executions

import (
	"context"
	"strconv"
	"strings"
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
	return s.bus.Consume(ctx, bus.Consumer{
		Stream: contract.EventsStream, Name: "executions", Concurrency: s.cfg.EventWorkers,
	}, s.resolveEvent)
}

// resolveEvent hands an event that somebody waits for on to dispatch. The
// event's id is the message id of the command, and the run's id follows from
// the message, so that an event that is resolved twice makes one run, and is
// known to its receivers by one id however much later that is.
func (s *Service) resolveEvent(ctx context.Context, m bus.Message) error {
	tenantID, eventType, ok := strings.Cut(strings.TrimPrefix(m.Subject, strings.TrimSuffix(contract.EventSubjects, ">")), ".")
	if !ok || !utf8.ValidString(tenantID) {
		return fault.Invalid("subject %q names no tenant and type", m.Subject)
	}
	event, err := decodeEvent(m, tenantID, eventType)
	if err != nil {
		return err
	}
	linkOrigin(ctx, event)
	chain, err := s.resolve(ctx, tenantID, condition.Trigger{Kind: condition.Event, Name: event.GetType()})
	if err != nil || len(chain.GetSteps()) == 0 {
		return err
	}
	data, err := proto.Marshal(&dispatchv1.DeliverEventCommand{
		RunId: ident.Of(m.Stored, m.Sequence), Chain: chain, Event: event, PublishedAt: timestamppb.New(m.Stored),
		EventSequence: m.Sequence,
	})
	if err != nil {
		return fault.Invalid("event %s cannot be encoded", event.GetId()).Because(err)
	}
	ctx = tenant.With(ctx, tenant.Identity{Tenant: tenant.ID(tenantID), Organization: tenant.OrganizationID(event.GetOrganizationId())})
	return s.bus.Publish(ctx, contract.DeliverEventSubject(tenantID), tenantID+"/"+event.GetId(), nil, data)
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

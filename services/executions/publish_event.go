package executions

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/libs/wirejson"
	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
)

// eventStream is where events wait until they are delivered.
func (s *Service) eventStream() bus.Stream {
	events := bus.EventsStream()
	events.MaxAge, events.MaxBytes, events.Batches = s.cfg.EventsMaxAge, s.cfg.EventsMaxBytes, true
	return events
}

// PublishEvent puts an event into the stream for a publisher that does not
// speak NATS, and answers once it is stored.
func (s *Service) PublishEvent(ctx context.Context, in *actionplanev1.PublishEventRequest) (*actionplanev1.PublishEventResponse, error) {
	event := in.GetEvent()
	if err := checkEvent("event", event); err != nil {
		return nil, err
	}
	m, err := message(ctx, event)
	if err != nil {
		return nil, err
	}
	if err := s.bus.Publish(ctx, m.Subject, m.ID, nil, m.Data); err != nil {
		return nil, err
	}
	return &actionplanev1.PublishEventResponse{Id: event.GetId()}, nil
}

// message returns how an event travels, and completes it first.
func message(ctx context.Context, event *eventsv1.Event) (bus.Outgoing, error) {
	complete(event)
	data, err := proto.Marshal(event)
	if err != nil {
		return bus.Outgoing{}, fault.Internal("encode the event").Because(err)
	}
	return outgoing(ctx, event.GetType(), event.GetId(), data), nil
}

// complete fills in what was left out.
func complete(event *eventsv1.Event) {
	if event.GetId() == "" {
		event.Id = ident.NewUUID()
	}
	if event.GetCreatedAt() == nil {
		event.CreatedAt = timestamppb.Now()
	}
}

// outgoing is a message of the caller's tenant.
func outgoing(ctx context.Context, eventType, id string, data []byte) bus.Outgoing {
	tenantID := string(tenant.From(ctx).Tenant)
	return bus.Outgoing{Subject: contract.EventSubject(tenantID, eventType), ID: contract.EventMessageID(tenantID, id), Data: data}
}

// checkEvent refuses what no condition could be named after, and what targets
// must not get. field is where the event stands in a request.
func checkEvent(field string, event *eventsv1.Event) error {
	if problem := (condition.Trigger{Kind: condition.Event, Name: event.GetType()}).Problem(); problem != "" {
		return fault.Invalid("%s.type: %s", field, problem)
	}
	if !wirejson.IsObjectOrBlank(event.GetPayload()) {
		return fault.Invalid("%s.payload: must be a JSON object", field)
	}
	return nil
}

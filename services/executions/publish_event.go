package executions

import (
	"bytes"
	"context"
	"encoding/json"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

// eventStream is where events wait until they are resolved.
func (s *Service) eventStream() bus.Stream {
	return bus.Stream{
		Name:      contract.EventsStream,
		Subjects:  []string{contract.EventSubjects},
		MaxAge:    s.cfg.EventsMaxAge,
		MaxBytes:  s.cfg.EventsMaxBytes,
		WorkQueue: true,
	}
}

// PublishEvent puts an event into the stream for a publisher that does not
// speak NATS, and answers once it is stored.
func (s *Service) PublishEvent(ctx context.Context, in *actionplanev1.PublishEventRequest) (*actionplanev1.PublishEventResponse, error) {
	event := in.GetEvent()
	if err := checkPayload(event.GetPayload()); err != nil {
		return nil, err
	}
	if event.GetId() == "" {
		event.Id = ident.NewUUID()
	}
	if event.GetCreatedAt() == nil {
		event.CreatedAt = timestamppb.Now()
	}
	data, err := proto.Marshal(event)
	if err != nil {
		return nil, fault.Internal("encode the event").Because(err)
	}
	subject := contract.EventSubject(string(tenant.From(ctx).Tenant), event.GetType())
	if err := s.bus.Publish(ctx, subject, event.GetId(), nil, data); err != nil {
		return nil, err
	}
	return &actionplanev1.PublishEventResponse{Id: event.GetId()}, nil
}

// checkPayload accepts a JSON object or nothing.
func checkPayload(payload []byte) error {
	payload = bytes.TrimSpace(payload)
	if len(payload) > 0 && (payload[0] != '{' || !json.Valid(payload)) {
		return fault.Invalid("event.payload: must be a JSON object")
	}
	return nil
}

// completeEvent fills what a publisher left out and refuses what it must not.
func completeEvent(event *eventsv1.Event, m bus.Message) error {
	if err := checkPayload(event.GetPayload()); err != nil {
		return err
	}
	if event.GetId() == "" {
		event.Id = m.ID()
	}
	if event.GetCreatedAt() == nil {
		event.CreatedAt = timestamppb.New(m.Stored)
	}
	return nil
}

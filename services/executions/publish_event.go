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
	"github.com/actionplane/actionplane/services/executions/internal/condition"
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
	if err := checkEvent(event); err != nil {
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
	tenantID := string(tenant.From(ctx).Tenant)
	subject := contract.EventSubject(tenantID, event.GetType())
	if err := s.bus.Publish(ctx, subject, contract.EventMessageID(tenantID, event.GetId()), nil, data); err != nil {
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

// checkEvent refuses what no condition could be named after, and what targets
// must not get.
func checkEvent(event *eventsv1.Event) error {
	if err := (condition.Trigger{Kind: condition.Event, Name: event.GetType()}).Validate(); err != nil {
		return err
	}
	return checkPayload(event.GetPayload())
}

package wirev2

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	"github.com/actionplane/actionplane/services/targets/internal/registry"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// GetTarget returns a target with its newest signing key in clear, as the API
// always has.
func (s *Server) GetTarget(ctx context.Context, in *actionv2.GetTargetRequest) (*actionv2.GetTargetResponse, error) {
	found, err := s.targets.Get(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	return &actionv2.GetTargetResponse{Target: wireTarget(found)}, nil
}

func wireTarget(k registry.Keyed) *actionv2.Target {
	m := &actionv2.Target{
		Id:           string(k.ID),
		CreationDate: date(k.Created),
		ChangeDate:   date(k.Changed),
		Name:         k.Name,
		Timeout:      durationpb.New(k.Timeout),
		Endpoint:     k.Endpoint,
		SigningKey:   k.Key.Reveal(),
		PayloadType:  actionv2.PayloadType(k.Payload), // numbered alike
	}
	switch k.Kind {
	case target.Webhook:
		m.TargetType = &actionv2.Target_RestWebhook{RestWebhook: &actionv2.RESTWebhook{InterruptOnError: k.InterruptOnError}}
	case target.Call:
		m.TargetType = &actionv2.Target_RestCall{RestCall: &actionv2.RESTCall{InterruptOnError: k.InterruptOnError}}
	case target.Async:
		m.TargetType = &actionv2.Target_RestAsync{RestAsync: &actionv2.RESTAsync{}}
	}
	return m
}

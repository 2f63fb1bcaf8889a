package wirev3alpha

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/targets/internal/registry"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// GetTarget returns a target with its newest signing key in clear, as the API
// always has.
func (s *Server) GetTarget(ctx context.Context, in *actionv3alpha.GetTargetRequest) (*actionv3alpha.GetTargetResponse, error) {
	found, err := s.targets.Get(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	return &actionv3alpha.GetTargetResponse{Target: wireTarget(ctx, found)}, nil
}

func wireTarget(ctx context.Context, k registry.Keyed) *actionv3alpha.GetTarget {
	return &actionv3alpha.GetTarget{
		Details:    details(ctx, k.Target),
		Config:     wireConfig(k.Config),
		SigningKey: k.Key.Reveal(),
	}
}

func wireConfig(c target.Config) *actionv3alpha.Target {
	m := &actionv3alpha.Target{Name: c.Name, Timeout: durationpb.New(c.Timeout), Endpoint: c.Endpoint}
	switch c.Kind {
	case target.Webhook:
		m.TargetType = &actionv3alpha.Target_RestWebhook{RestWebhook: &actionv3alpha.SetRESTWebhook{InterruptOnError: c.InterruptOnError}}
	case target.Call:
		m.TargetType = &actionv3alpha.Target_RestCall{RestCall: &actionv3alpha.SetRESTCall{InterruptOnError: c.InterruptOnError}}
	case target.Async:
		m.TargetType = &actionv3alpha.Target_RestAsync{RestAsync: &actionv3alpha.SetRESTAsync{}}
	}
	return m
}

package targets

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// GetTarget returns a target with its newest signing key in clear, as the API
// always has.
func (s *Service) GetTarget(ctx context.Context, in *actionv3alpha.GetTargetRequest) (*actionv3alpha.GetTargetResponse, error) {
	id, err := known(in.GetId(), idGetNotFound)
	if err != nil {
		return nil, err
	}
	found, err := s.store.Target(ctx, id)
	if err != nil {
		return nil, orNotFound(err, idGetNotFound)
	}
	out, err := s.wireTarget(ctx, found)
	if err != nil {
		return nil, err
	}
	return &actionv3alpha.GetTargetResponse{Target: out}, nil
}

// wireTarget writes a target for the wire.
func (s *Service) wireTarget(ctx context.Context, k store.Keyed) (*actionv3alpha.GetTarget, error) {
	key, err := s.reveal(ctx, k.ID, k.Key)
	if err != nil {
		return nil, err
	}
	return &actionv3alpha.GetTarget{
		Details:    details(ctx, k.Target),
		Config:     wireConfig(k.Config),
		SigningKey: key,
	}, nil
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

package wirev3alpha

import (
	"context"

	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// CreateTarget makes a target and its first signing key.
func (s *Server) CreateTarget(ctx context.Context, in *actionv3alpha.CreateTargetRequest) (*actionv3alpha.CreateTargetResponse, error) {
	created, key, err := s.targets.Create(ctx, configOf(in.GetTarget()))
	if err != nil {
		return nil, err
	}
	return &actionv3alpha.CreateTargetResponse{Details: details(ctx, created), SigningKey: key.Reveal()}, nil
}

// configOf reads a target from the wire.
func configOf(m *actionv3alpha.Target) target.Config {
	kind, interruptOnError, _ := kindOf(m)
	return target.Config{
		Name:             m.GetName(),
		Kind:             kind,
		InterruptOnError: interruptOnError,
		Timeout:          m.GetTimeout().AsDuration(),
		Endpoint:         m.GetEndpoint(),
		Payload:          target.JSON,
	}
}

package wirev2

import (
	"context"

	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// CreateTarget makes a target and its first signing key.
func (s *Server) CreateTarget(ctx context.Context, in *actionv2.CreateTargetRequest) (*actionv2.CreateTargetResponse, error) {
	created, key, err := s.targets.Create(ctx, configOf(in))
	if err != nil {
		return nil, err
	}
	return &actionv2.CreateTargetResponse{Id: string(created.ID), CreationDate: date(created.Created), SigningKey: key.Reveal()}, nil
}

func configOf(in *actionv2.CreateTargetRequest) target.Config {
	kind, interruptOnError, _ := kindOf(in)
	c := target.Config{
		Name:             in.GetName(),
		Kind:             kind,
		InterruptOnError: interruptOnError,
		Timeout:          in.GetTimeout().AsDuration(),
		Endpoint:         in.GetEndpoint(),
		Payload:          target.JSON,
	}
	if in.GetPayloadType() != actionv2.PayloadType_PAYLOAD_TYPE_UNSPECIFIED {
		c.Payload = target.Payload(in.GetPayloadType()) // numbered alike
	}
	return c
}

package wirev2

import (
	"context"

	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
)

// ActivatePublicKey makes a key the one that is used.
func (s *Server) ActivatePublicKey(ctx context.Context, in *actionv2.ActivatePublicKeyRequest) (*actionv2.ActivatePublicKeyResponse, error) {
	changed, err := s.targets.ActivatePublicKey(ctx, in.GetTargetId(), in.GetKeyId())
	if err != nil {
		return nil, err
	}
	return &actionv2.ActivatePublicKeyResponse{ChangeDate: date(changed)}, nil
}

// DeactivatePublicKey leaves a target without an active key if it is this one.
func (s *Server) DeactivatePublicKey(ctx context.Context, in *actionv2.DeactivatePublicKeyRequest) (*actionv2.DeactivatePublicKeyResponse, error) {
	changed, err := s.targets.DeactivatePublicKey(ctx, in.GetTargetId(), in.GetKeyId())
	if err != nil {
		return nil, err
	}
	return &actionv2.DeactivatePublicKeyResponse{ChangeDate: date(changed)}, nil
}

package wirev2

import (
	"context"

	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
)

// RemovePublicKey forgets an inactive key. What is not there is removed
// already: success, without a date.
func (s *Server) RemovePublicKey(ctx context.Context, in *actionv2.RemovePublicKeyRequest) (*actionv2.RemovePublicKeyResponse, error) {
	removed, err := s.targets.RemovePublicKey(ctx, in.GetTargetId(), in.GetKeyId())
	if err != nil {
		return nil, err
	}
	return &actionv2.RemovePublicKeyResponse{DeletionDate: date(removed)}, nil
}

package wireown

import (
	"context"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/targets/internal/secret"
)

// RotateSigningKey makes a new signing key, beside which those so far go on
// signing for the overlap.
func (s *Server) RotateSigningKey(ctx context.Context, in *actionplanev1.RotateSigningKeyRequest) (*actionplanev1.RotateSigningKeyResponse, error) {
	rotate := s.targets.RotateHMAC
	if in.GetAlgorithm() == actionplanev1.SigningAlgorithm_SIGNING_ALGORITHM_ED25519 {
		rotate = s.targets.RotateEd25519
	}
	made, err := rotate(ctx, in.GetId(), in.GetOverlap().AsDuration())
	if err != nil {
		return nil, err
	}
	out := &actionplanev1.RotateSigningKeyResponse{SigningKey: made.Key.Reveal(), Status: wireStatus(made.State)}
	if made.Public != nil {
		out.PublicKey = secret.PublicText(made.Public)
	}
	return out, nil
}

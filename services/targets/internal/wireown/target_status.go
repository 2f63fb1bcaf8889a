package wireown

import (
	"context"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/targets/internal/registry"
	"github.com/actionplane/actionplane/services/targets/internal/secret"
	"github.com/actionplane/actionplane/services/targets/internal/store"
)

// EnableTarget lets a target be sent to again.
func (s *Server) EnableTarget(ctx context.Context, in *actionplanev1.EnableTargetRequest) (*actionplanev1.EnableTargetResponse, error) {
	state, err := s.targets.Enable(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	return &actionplanev1.EnableTargetResponse{Status: wireStatus(state)}, nil
}

// DisableTarget stops sending to a target.
func (s *Server) DisableTarget(ctx context.Context, in *actionplanev1.DisableTargetRequest) (*actionplanev1.DisableTargetResponse, error) {
	state, err := s.targets.Disable(ctx, in.GetId(), in.GetReason())
	if err != nil {
		return nil, err
	}
	return &actionplanev1.DisableTargetResponse{Status: wireStatus(state)}, nil
}

// wireStatus writes how a target is.
func wireStatus(s registry.State) *actionplanev1.TargetStatus {
	m := &actionplanev1.TargetStatus{
		Id:             string(s.ID),
		Version:        s.Version,
		DisabledReason: s.DisabledReason,
		DisabledAt:     date(s.DisabledAt),
	}
	for _, k := range s.HMAC {
		m.SigningKeys = append(m.SigningKeys, wireKey(k, actionplanev1.SigningAlgorithm_SIGNING_ALGORITHM_HMAC))
	}
	for _, k := range s.Ed25519 {
		shown := wireKey(k, actionplanev1.SigningAlgorithm_SIGNING_ALGORITHM_ED25519)
		shown.PublicKey = secret.PublicText(k.Public)
		m.SigningKeys = append(m.SigningKeys, shown)
	}
	return m
}

func wireKey(k store.SigningKey, algorithm actionplanev1.SigningAlgorithm) *actionplanev1.TargetSigningKey {
	return &actionplanev1.TargetSigningKey{Algorithm: algorithm, CreatedAt: date(k.Created), ExpiresAt: date(k.Expires)}
}

package wireown

import (
	"context"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

// GetWebKeys returns the keys that verify payloads, as a JSON Web Key Set.
func (s *Server) GetWebKeys(ctx context.Context, _ *actionplanev1.GetWebKeysRequest) (*actionplanev1.GetWebKeysResponse, error) {
	keys, err := s.targets.WebKeys(ctx)
	if err != nil {
		return nil, err
	}
	out := &actionplanev1.GetWebKeysResponse{}
	for _, k := range keys {
		jwk, err := k.JWK()
		if err != nil {
			return nil, err
		}
		out.Keys = append(out.Keys, &actionplanev1.JsonWebKey{
			Kty: jwk.Kty, Use: "sig", Alg: k.Algorithm, Kid: k.ID, Crv: jwk.Crv, X: jwk.X, Y: jwk.Y,
		})
	}
	return out, nil
}

package targets

import (
	"context"

	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
)

// GetSigningKeys returns the keys that sign for a target now, newest first.
func (s *Service) GetSigningKeys(ctx context.Context, in *targetsv1.GetSigningKeysRequest) (*targetsv1.GetSigningKeysResponse, error) {
	id, err := known(in.GetTargetId(), idGetNotFound)
	if err != nil {
		return nil, err
	}
	sealed, err := s.store.Keys(ctx, id)
	if err != nil {
		return nil, orNotFound(err, idGetNotFound)
	}
	out := &targetsv1.GetSigningKeysResponse{}
	for _, k := range sealed {
		key, err := s.reveal(ctx, id, k)
		if err != nil {
			return nil, err
		}
		out.Keys = append(out.Keys, key)
	}
	return out, nil
}

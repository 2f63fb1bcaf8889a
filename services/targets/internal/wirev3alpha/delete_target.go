package wirev3alpha

import (
	"context"

	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
)

// DeleteTarget removes a target; there must be one.
func (s *Server) DeleteTarget(ctx context.Context, in *actionv3alpha.DeleteTargetRequest) (*actionv3alpha.DeleteTargetResponse, error) {
	deleted, err := s.targets.Delete(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	return &actionv3alpha.DeleteTargetResponse{Details: details(ctx, deleted)}, nil
}

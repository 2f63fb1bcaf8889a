package wirev2

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
)

// DeleteTarget removes a target. What is not there is deleted already: success,
// without a date.
func (s *Server) DeleteTarget(ctx context.Context, in *actionv2.DeleteTargetRequest) (*actionv2.DeleteTargetResponse, error) {
	deleted, err := s.targets.Delete(ctx, in.GetId())
	if fault.CodeOf(err) == fault.CodeNotFound {
		return &actionv2.DeleteTargetResponse{}, nil
	}
	if err != nil {
		return nil, err
	}
	return &actionv2.DeleteTargetResponse{DeletionDate: date(deleted.Changed)}, nil
}

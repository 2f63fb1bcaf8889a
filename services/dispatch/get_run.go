package dispatch

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// GetRun returns a run with its deliveries and attempts. NOT_FOUND until it is
// recorded, and again once it has been kept for long enough.
func (s *Service) GetRun(ctx context.Context, in *actionplanev1.GetRunRequest) (*actionplanev1.GetRunResponse, error) {
	id, err := run.ParseID(in.GetId())
	if err != nil {
		return nil, fault.NotFound("there is no run %s", in.GetId())
	}
	r, err := s.store.Run(ctx, string(tenant.From(ctx).Tenant), id)
	if err != nil {
		return nil, s.named(err, "run", in.GetId())
	}
	return &actionplanev1.GetRunResponse{Run: wireRun(r)}, nil
}

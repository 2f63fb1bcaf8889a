package dispatch

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
)

// Page sizes.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// ListRuns returns runs, newest first.
func (s *Service) ListRuns(ctx context.Context, in *actionplanev1.ListRunsRequest) (*actionplanev1.ListRunsResponse, error) {
	filter := store.RunFilter{EventID: in.GetEventId(), Limit: limit(in.GetLimit())}
	if in.GetBefore() != "" {
		id, err := run.ParseID(in.GetBefore())
		if err != nil {
			return nil, fault.Invalid("before: must be the id of a run")
		}
		filter.Before = id
	}
	found, err := s.store.Runs(ctx, string(tenant.From(ctx).Tenant), filter)
	if err != nil {
		return nil, err
	}
	out := &actionplanev1.ListRunsResponse{}
	for _, r := range found {
		out.Runs = append(out.Runs, wireRun(r))
	}
	return out, nil
}

func limit(asked uint32) int {
	if asked == 0 {
		return defaultLimit
	}
	return int(min(asked, maxLimit))
}

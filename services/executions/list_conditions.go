package executions

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
)

// ListConditions tells an internal service what anybody listens to. A change
// is published after it has committed, so what is read behind a look at the
// feed's end holds everything up to there.
func (s *Service) ListConditions(ctx context.Context, in *hooksv1.ListConditionsRequest) (*hooksv1.ListConditionsResponse, error) {
	limit := maxLimit
	if asked := int(in.GetLimit()); asked > 0 && asked < limit {
		limit = asked
	}
	sequence, err := s.bus.LastSequence(ctx, contract.ChangesStream)
	if err != nil {
		return nil, err
	}
	page, err := s.store.ListConditions(ctx, string(tenant.From(ctx).Tenant), in.GetAfter(), limit+1)
	if err != nil {
		return nil, err
	}
	out := &hooksv1.ListConditionsResponse{Sequence: sequence, More: len(page) > limit}
	for _, c := range page[:min(limit, len(page))] {
		out.ConditionIds = append(out.ConditionIds, c.ID)
	}
	return out, nil
}

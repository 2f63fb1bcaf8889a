package executions

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/executions/internal/catalog"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
	"github.com/actionplane/actionplane/services/executions/internal/store"
)

// ListUnannouncedConditions lists conditions that name what nobody offers, as
// it is now: one that is announced later leaves the list by itself. A page's
// token is its last condition.
func (s *Service) ListUnannouncedConditions(ctx context.Context, in *actionplanev1.ListUnannouncedConditionsRequest) (*actionplanev1.ListUnannouncedConditionsResponse, error) {
	limit, err := pageLimit(in.GetLimit())
	if err != nil {
		return nil, err
	}
	offers, err := s.offers(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.unannounced(ctx, offers, in.GetPageToken(), limit+1)
	if err != nil {
		return nil, err
	}
	out := &actionplanev1.ListUnannouncedConditionsResponse{}
	if len(found) > limit {
		found = found[:limit]
		out.NextPageToken = found[limit-1].ID
	}
	for _, c := range found {
		out.Conditions = append(out.Conditions, &actionplanev1.UnannouncedCondition{Condition: c.ID, Changed: timestamppb.New(c.ChangedAt)})
	}
	return out, nil
}

// unannounced reads on until it has found as many as are asked for.
func (s *Service) unannounced(ctx context.Context, offers catalog.Offers, after string, most int) ([]store.Condition, error) {
	var found []store.Condition
	for {
		page, err := s.store.ListConditions(ctx, string(tenant.From(ctx).Tenant), after, maxLimit)
		if err != nil {
			return nil, err
		}
		for _, stored := range page {
			c, err := condition.Parse(stored.ID)
			if err == nil && !offers.Announced(c) { // only ids that Condition.ID wrote are stored
				found = append(found, stored)
			}
			if len(found) == most {
				return found, nil
			}
		}
		if len(page) < maxLimit {
			return found, nil
		}
		after = page[len(page)-1].ID
	}
}

package dispatch

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

// SummarizeDeliveries counts what has not succeeded. Those that have are most,
// and counting them would mean reading them all.
func (s *Service) SummarizeDeliveries(ctx context.Context, in *actionplanev1.SummarizeDeliveriesRequest) (*actionplanev1.SummarizeDeliveriesResponse, error) {
	counts, err := s.store.Counts(ctx, string(tenant.From(ctx).Tenant), in.GetTargetId())
	if err != nil {
		return nil, err
	}
	out := &actionplanev1.SummarizeDeliveriesResponse{}
	for _, c := range counts {
		out.Counts = append(out.Counts, &actionplanev1.DeliveryCount{TargetId: c.TargetID, State: states[c.State], Count: uint64(c.N)})
	}
	return out, nil
}

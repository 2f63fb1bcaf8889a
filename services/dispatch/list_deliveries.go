package dispatch

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
)

// ListDeliveries returns deliveries, newest first.
func (s *Service) ListDeliveries(ctx context.Context, in *actionplanev1.ListDeliveriesRequest) (*actionplanev1.ListDeliveriesResponse, error) {
	filter := store.DeliveryFilter{
		State: stateOf(in.GetState()), TargetID: in.GetTargetId(),
		From: timeOf(in.GetFrom()), To: timeOf(in.GetTo()), Limit: limit(in.GetLimit()),
	}
	if in.GetBefore() != "" {
		id, err := run.ParseDeliveryID(in.GetBefore())
		if err != nil {
			return nil, fault.Invalid("before: must be the id of a delivery")
		}
		filter.Before = id
	}
	found, err := s.store.Deliveries(ctx, string(tenant.From(ctx).Tenant), filter)
	if err != nil {
		return nil, err
	}
	out := &actionplanev1.ListDeliveriesResponse{}
	for _, d := range found {
		out.Deliveries = append(out.Deliveries, wireDelivery(d))
	}
	return out, nil
}

func timeOf(m *timestamppb.Timestamp) time.Time {
	if m == nil {
		return time.Time{}
	}
	return m.AsTime()
}

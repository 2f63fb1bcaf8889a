package dispatch

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// GetDelivery returns a delivery with its attempts.
func (s *Service) GetDelivery(ctx context.Context, in *actionplanev1.GetDeliveryRequest) (*actionplanev1.GetDeliveryResponse, error) {
	id, err := run.ParseDeliveryID(in.GetId())
	if err != nil {
		return nil, fault.NotFound("there is no delivery %s", in.GetId())
	}
	d, err := s.store.Delivery(ctx, string(tenant.From(ctx).Tenant), id)
	if err != nil {
		return nil, s.named(err, "delivery", in.GetId())
	}
	return &actionplanev1.GetDeliveryResponse{Delivery: wireDelivery(d)}, nil
}

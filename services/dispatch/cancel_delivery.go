package dispatch

import (
	"context"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
)

// CancelDelivery gives up a delivery that has not ended. That is also how one
// is skipped that holds up its ordering key.
func (s *Service) CancelDelivery(ctx context.Context, in *actionplanev1.CancelDeliveryRequest) (*actionplanev1.CancelDeliveryResponse, error) {
	d, err := s.intervene(ctx, in.GetId(), "canceled", store.Cancel)
	if err != nil {
		return nil, err
	}
	return &actionplanev1.CancelDeliveryResponse{Delivery: wireDelivery(d)}, nil
}

// CancelDeliveries gives deliveries up, by default all that have not ended.
func (s *Service) CancelDeliveries(ctx context.Context, in *actionplanev1.CancelDeliveriesRequest) (*actionplanev1.CancelDeliveriesResponse, error) {
	var open []delivery.State
	for _, state := range delivery.States() {
		if !state.Ended() {
			open = append(open, state)
		}
	}
	n, next, err := s.interveneAll(ctx, in, open, store.Cancel)
	if err != nil {
		return nil, err
	}
	return &actionplanev1.CancelDeliveriesResponse{Count: n, Next: next}, nil
}

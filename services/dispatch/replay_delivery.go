package dispatch

import (
	"context"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
)

// ReplayDelivery sends a delivery again that has ended, or is backing off.
func (s *Service) ReplayDelivery(ctx context.Context, in *actionplanev1.ReplayDeliveryRequest) (*actionplanev1.ReplayDeliveryResponse, error) {
	d, err := s.intervene(ctx, in.GetId(), "replayed", store.Replay)
	if err != nil {
		return nil, err
	}
	return &actionplanev1.ReplayDeliveryResponse{Delivery: wireDelivery(d)}, nil
}

// ReplayDeliveries sends deliveries again, by default dead letters.
func (s *Service) ReplayDeliveries(ctx context.Context, in *actionplanev1.ReplayDeliveriesRequest) (*actionplanev1.ReplayDeliveriesResponse, error) {
	defaults := []delivery.State{delivery.Failed, delivery.Exhausted}
	n, next, err := s.interveneAll(ctx, in, defaults, store.Replay)
	if err != nil {
		return nil, err
	}
	return &actionplanev1.ReplayDeliveriesResponse{Count: n, Next: next}, nil
}

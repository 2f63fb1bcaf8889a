package dispatch

import (
	"context"
	"slices"
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
	states := in.GetStates()
	if in.GetState() != actionplanev1.DeliveryState_DELIVERY_STATE_UNSPECIFIED {
		states = append(states, in.GetState())
	}
	filter, err := filterOf(&actionplanev1.DeliveryFilter{
		States: states, TargetId: in.GetTargetId(), EventType: in.GetEventType(), RunId: in.GetRunId(),
		From: in.GetFrom(), To: in.GetTo(), Error: in.GetError(), OrderingKey: in.GetOrderingKey(),
	})
	if err != nil {
		return nil, err
	}
	page := store.Page{Limit: limit(in.GetLimit())}
	if in.GetBefore() != "" {
		if page.Before, err = run.ParseDeliveryID(in.GetBefore()); err != nil {
			return nil, fault.Invalid("before: must be the id of a delivery")
		}
	}
	found, err := s.store.Deliveries(ctx, string(tenant.From(ctx).Tenant), filter, page)
	if err != nil {
		return nil, err
	}
	out := &actionplanev1.ListDeliveriesResponse{}
	for _, d := range found {
		out.Deliveries = append(out.Deliveries, wireDelivery(d))
	}
	return out, nil
}

// filterOf reads a filter.
func filterOf(m *actionplanev1.DeliveryFilter) (store.DeliveryFilter, error) {
	filter := store.DeliveryFilter{
		TargetID: m.GetTargetId(), TriggerName: m.GetEventType(), From: timeOf(m.GetFrom()), To: timeOf(m.GetTo()),
		Error: m.GetError(), OrderingKey: m.GetOrderingKey(),
	}
	for _, s := range m.GetStates() {
		if state := stateOf(s); state != "" && !slices.Contains(filter.States, state) {
			filter.States = append(filter.States, state)
		}
	}
	if m.GetRunId() != "" {
		id, err := run.ParseID(m.GetRunId())
		if err != nil {
			return filter, fault.Invalid("run_id: must be the id of a run")
		}
		filter.Run = id
	}
	return filter, nil
}

func timeOf(m *timestamppb.Timestamp) time.Time {
	if m == nil {
		return time.Time{}
	}
	return m.AsTime()
}

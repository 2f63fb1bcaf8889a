package dispatch

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// states are the states of deliveries on the wire.
var states = map[delivery.State]actionplanev1.DeliveryState{
	delivery.Scheduled:  actionplanev1.DeliveryState_DELIVERY_STATE_SCHEDULED,
	delivery.Sending:    actionplanev1.DeliveryState_DELIVERY_STATE_SENDING,
	delivery.BackingOff: actionplanev1.DeliveryState_DELIVERY_STATE_BACKING_OFF,
	delivery.Held:       actionplanev1.DeliveryState_DELIVERY_STATE_HELD,
	delivery.Queued:     actionplanev1.DeliveryState_DELIVERY_STATE_QUEUED,
	delivery.Succeeded:  actionplanev1.DeliveryState_DELIVERY_STATE_SUCCEEDED,
	delivery.Failed:     actionplanev1.DeliveryState_DELIVERY_STATE_FAILED,
	delivery.Exhausted:  actionplanev1.DeliveryState_DELIVERY_STATE_EXHAUSTED,
	delivery.Canceled:   actionplanev1.DeliveryState_DELIVERY_STATE_CANCELED,
}

// stateOf reads a state of the wire; "" for none.
func stateOf(m actionplanev1.DeliveryState) delivery.State {
	for state, wire := range states {
		if wire == m {
			return state
		}
	}
	return ""
}

func wireRun(r run.Run) *actionplanev1.Run {
	out := &actionplanev1.Run{
		Id: r.ID.String(), Condition: r.Condition, TriggerKind: r.TriggerKind, TriggerName: r.TriggerName, EventId: r.EventID,
		CreatedAt: timestamppb.New(r.CreatedAt), Error: r.Error, Steps: stepResults(r.Steps, true),
	}
	if r.EventID == "" {
		out.Duration = durationpb.New(r.Duration)
	}
	for _, d := range r.Deliveries {
		out.Deliveries = append(out.Deliveries, wireDelivery(d))
	}
	return out
}

func wireDelivery(d run.Delivery) *actionplanev1.Delivery {
	out := &actionplanev1.Delivery{
		Id: d.ID.String(), RunId: d.Run.String(), Position: uint32(d.Position), TargetId: d.TargetID, TargetName: d.TargetName,
		Endpoint: d.Endpoint, State: states[d.State], CreatedAt: timestamppb.New(d.CreatedAt), Error: why(d),
		OrderingKey: d.OrderingKey,
	}
	if d.State.Waiting() {
		out.NextAttemptAt = wireTime(d.Due)
	}
	for _, a := range d.Attempts {
		out.Attempts = append(out.Attempts, &actionplanev1.Attempt{
			Number: uint32(a.Number), StartedAt: timestamppb.New(a.StartedAt), Duration: durationpb.New(a.Duration),
			Outcome: string(a.Outcome), StatusCode: uint32(a.Status), Error: a.Error,
		})
	}
	return out
}

// why says why a delivery ended without success: in one word, and what its
// latest attempt failed of.
func why(d run.Delivery) string {
	switch {
	case !d.State.Ended() || d.State == delivery.Succeeded:
		return ""
	case d.Error == "":
		return string(d.Reason)
	}
	return string(d.Reason) + ": " + d.Error
}

func wireTime(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

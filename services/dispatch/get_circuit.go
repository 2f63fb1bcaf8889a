package dispatch

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/gate"
)

// GetCircuit returns a target's circuit as replicas share it. A probe that is
// under way is one replica's own; what is seen of it is that the pause is over.
func (s *Service) GetCircuit(ctx context.Context, in *actionplanev1.GetCircuitRequest) (*actionplanev1.GetCircuitResponse, error) {
	c, changed, known, err := s.store.Circuit(ctx, gate.Target{Tenant: string(tenant.From(ctx).Tenant), ID: in.GetTargetId()})
	if err != nil {
		return nil, err
	}
	out := &actionplanev1.Circuit{State: actionplanev1.CircuitState_CIRCUIT_STATE_CLOSED}
	if known {
		out.ChangedAt = timestamppb.New(changed)
	}
	if c.Open {
		out.State = actionplanev1.CircuitState_CIRCUIT_STATE_HALF_OPEN
		out.Failures, out.Trips, out.Cause = uint32(c.Failures), uint32(c.Trips), c.Cause
		if c.Left > 0 {
			out.State, out.NextProbeAt = actionplanev1.CircuitState_CIRCUIT_STATE_OPEN, timestamppb.New(time.Now().Add(c.Left))
		}
	}
	return &actionplanev1.GetCircuitResponse{Circuit: out}, nil
}

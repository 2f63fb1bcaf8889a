package executions

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/tenant"
	executionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/executions/v1"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
)

// ResolveEvents tells dispatch the chains of events that it has in hand: in one
// answer those that this process knows, and all others one by one, to whoever
// waits for them.
func (s *Service) ResolveEvents(ctx context.Context, in *executionsv1.ResolveEventsRequest) (*executionsv1.ResolveEventsResponse, error) {
	out := &executionsv1.ResolveEventsResponse{Kinds: make([]*executionsv1.ResolvedEvents, len(in.GetKinds()))}
	room := int(s.bus.MaxPayload() / 2)
	for i, kind := range in.GetKinds() {
		one, err := s.resolveKind(ctx, kind, in.GetWait())
		if err != nil {
			return nil, err
		}
		if room -= proto.Size(one); room < 0 && i > 0 {
			one = &executionsv1.ResolvedEvents{Pending: true}
		}
		out.Kinds[i] = one
	}
	return out, nil
}

func (s *Service) resolveKind(ctx context.Context, kind *executionsv1.EventKind, wait bool) (*executionsv1.ResolvedEvents, error) {
	trigger := condition.Trigger{Kind: condition.Event, Name: kind.GetType()}
	if problem := trigger.Problem(); problem != "" {
		return &executionsv1.ResolvedEvents{Problem: problem}, nil
	}
	if !wait && !s.resolver.Knows(kind.GetTenantId(), trigger) {
		return &executionsv1.ResolvedEvents{Pending: true}, nil
	}
	ctx = tenant.With(ctx, tenant.Identity{Tenant: tenant.ID(kind.GetTenantId())})
	chain, err := s.resolve(ctx, kind.GetTenantId(), trigger, int(kind.GetCount()))
	if err != nil {
		return nil, err
	}
	return &executionsv1.ResolvedEvents{Chain: chain}, nil
}

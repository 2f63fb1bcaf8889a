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
// waits for them. One that leaves no room for others is for who asks for it alone.
func (s *Service) ResolveEvents(ctx context.Context, in *executionsv1.ResolveEventsRequest) (*executionsv1.ResolveEventsResponse, error) {
	out := &executionsv1.ResolveEventsResponse{Kinds: make([]*executionsv1.ResolvedEvents, len(in.GetKinds()))}
	room, alone := int(s.bus.MaxPayload()/2), len(in.GetKinds()) == 1
	for i, kind := range in.GetKinds() {
		one, err := s.resolveKind(ctx, kind, in.GetWait())
		if err != nil {
			return nil, err
		}
		if size := proto.Size(one); size <= room || alone {
			room -= size
		} else {
			one = &executionsv1.ResolvedEvents{Pending: true}
		}
		out.Kinds[i] = one
	}
	return out, nil
}

// resolveKind finds the chain of one kind, or says why there is none. It fails
// for who waits only: what was at hand may be so no more.
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
	switch {
	case err == nil:
		return &executionsv1.ResolvedEvents{Chain: chain}, nil
	case wait:
		return nil, err
	}
	return &executionsv1.ResolvedEvents{Pending: true}, nil
}

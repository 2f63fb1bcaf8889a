package dispatch

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/tenant"
	executionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/executions/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/announced"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// chain is what answers to events of a kind.
type chain struct {
	condition string
	steps     []run.Step // none: nobody waits for them
	pending   bool       // not at hand: ask for it alone
	err       error      // there cannot be such events, or nobody can say
}

// resolve asks executions for the chains of events that came together: one
// question, whoever they are of. Where the chains are to be at hand, none is
// waited for that others have to be asked for.
func (s *Service) resolve(ctx context.Context, arrivals []*arrival, wait bool) map[announced.Kind]chain {
	in, places := &executionsv1.ResolveEventsRequest{Wait: wait}, map[announced.Kind]int{}
	for _, a := range arrivals {
		i, ok := places[a.announced.Kind]
		if !ok {
			i = len(in.GetKinds())
			places[a.announced.Kind] = i
			in.Kinds = append(in.Kinds, &executionsv1.EventKind{TenantId: a.announced.Kind.Tenant, Type: a.announced.Kind.Type})
		}
		in.Kinds[i].Count++
	}
	if len(places) == 0 {
		return nil
	}
	out, err := s.executions.ResolveEvents(tracedAs(ctx, arrivals), in)
	if err != nil { // of whichever class: it is the question's, and no event is refused for it
		err = fault.Unavailable("executions cannot tell the chains of events").Because(err)
	} else if len(out.GetKinds()) != len(places) {
		err = fault.Internal("executions resolved %d kinds of events, not %d", len(out.GetKinds()), len(places))
	}
	chains := make(map[announced.Kind]chain, len(places))
	for kind, i := range places {
		if err != nil {
			chains[kind] = chain{err: err}
		} else {
			chains[kind] = readChain(out.GetKinds()[i], wait)
		}
	}
	return chains
}

// readChain reads what answers to a kind. One that was waited for is at hand.
func readChain(found *executionsv1.ResolvedEvents, waited bool) chain {
	if problem := found.GetProblem(); problem != "" {
		return chain{err: fault.Invalid("event.type: %s", problem)}
	}
	if waited && found.GetPending() {
		return chain{err: fault.Internal("executions was to wait for the chain of events, and did not")}
	}
	steps, err := stepsOf(found.GetChain())
	return chain{condition: found.GetChain().GetCondition(), steps: steps, pending: found.GetPending(), err: err}
}

// tracedAs returns what a question about arrivals is asked under: the first of
// their spans that is recorded, and nobody's name, for the kinds name theirs.
func tracedAs(ctx context.Context, arrivals []*arrival) context.Context {
	ctx, _ = telemetry.UnderFirst(ctx, func(yield func(trace.Span) bool) {
		for _, a := range arrivals {
			if !yield(trace.SpanFromContext(a.ctx)) {
				return
			}
		}
	})
	return tenant.With(ctx, tenant.Identity{Tenant: tenant.Default})
}

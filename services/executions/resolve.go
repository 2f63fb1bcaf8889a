package executions

import (
	"context"

	"go.opentelemetry.io/otel/attribute"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/telemetry"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
)

// resolve finds the chain that answers to a trigger, under a span of its own
// where there is a trace. What it asks Redis, Postgres and the owner of targets
// lies below; nothing does where this process knew. times is how many such
// triggers there are.
func (s *Service) resolve(ctx context.Context, tenantID string, t condition.Trigger, times int) (*dispatchv1.Chain, error) {
	ctx, span := telemetry.Child(ctx, "github.com/actionplane/actionplane/services/executions", "resolve")
	chain, err := s.resolver.Resolve(ctx, tenantID, t, times)
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("actionplane.trigger.kind", string(t.Kind)), attribute.String("actionplane.trigger.name", t.Name),
			attribute.String("actionplane.condition", chain.GetCondition()), attribute.Int("actionplane.chain.steps", len(chain.GetSteps())),
		)
		telemetry.Fail(span, err, fault.CodeOf(err).String())
	}
	span.End()
	return chain, err
}

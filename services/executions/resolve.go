package executions

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/telemetry"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
)

// resolve finds the chain that answers to a trigger, under a span of its own
// where there is a trace. What it asks Redis, Postgres and the owner of targets
// lies below; nothing does where this process knew.
func (s *Service) resolve(ctx context.Context, tenantID string, t condition.Trigger) (*dispatchv1.Chain, error) {
	ctx, span := telemetry.Child(ctx, "github.com/actionplane/actionplane/services/executions", "resolve")
	chain, err := s.resolver.Resolve(ctx, tenantID, t)
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

// linkOrigin links the span of an event's message to the trace that a
// CloudEvent says it comes from (extension "distributed tracing"). It is no
// more than a link: what carried the event here has a trace of its own, which
// the extension does not replace.
func linkOrigin(ctx context.Context, event *eventsv1.Event) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("actionplane.event.id", event.GetId()), attribute.String("actionplane.event.type", event.GetType()))
	_, origin := telemetry.WithTraceparent(context.Background(), event.GetAttributes()["traceparent"])
	if origin.SpanContext.IsValid() && origin.SpanContext.TraceID() != span.SpanContext().TraceID() {
		span.AddLink(origin)
	}
}

package dispatch

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/telemetry"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// traceEvent says in the message's span which run it made, and keeps the trace
// with the deliveries for attempts that are made later.
func traceEvent(ctx context.Context, r *run.Run) {
	describeRun(ctx, r)
	kept := telemetry.Traceparent(ctx)
	if kept == "" {
		return
	}
	for i := range r.Deliveries {
		r.Deliveries[i].Traceparent = kept
	}
}

// describeRun says in the span of ctx which run it is about.
func describeRun(ctx context.Context, r *run.Run) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(
		attribute.String("actionplane.run.id", r.ID.String()), attribute.String("actionplane.condition", r.Condition),
		attribute.String("actionplane.trigger.kind", r.TriggerKind), attribute.String("actionplane.trigger.name", r.TriggerName),
	)
	if r.EventID != "" {
		span.SetAttributes(attribute.String("actionplane.event.id", r.EventID))
	}
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

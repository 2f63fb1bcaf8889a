package dispatch

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/telemetry"
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

package courier

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/dispatch/internal/attempt"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// beginFirst starts the span of a delivery's first attempt, below that of the
// message.
func beginFirst(ctx context.Context, d run.Delivery) (context.Context, trace.Span) {
	ctx, span := telemetry.Child(ctx, attempt.Scope, "delivery")
	describe(span, d)
	return ctx, span
}

// beginDue starts the span of an attempt of a delivery that was due: in the
// trace of what made it, however long ago that was, for that is where people
// look for it; and with a link, for nobody waits. A delivery that was not
// sampled has no trace, and its attempts begin none.
func (c *Courier) beginDue(ctx context.Context, d run.Delivery) (context.Context, trace.Span) {
	if d.Traceparent == "" {
		return ctx, trace.SpanFromContext(ctx)
	}
	ctx, link := telemetry.WithTraceparent(ctx, d.Traceparent)
	ctx, span := c.deps.Tracer.Start(ctx, "delivery", trace.WithLinks(link))
	describe(span, d)
	return ctx, span
}

func describe(span trace.Span, d run.Delivery) {
	if span.IsRecording() {
		attempt.Describe(span, d.Run, d.Position, d.Step)
		span.SetAttributes(attribute.String("actionplane.delivery.id", d.ID.String()), attribute.Int("actionplane.attempt.number", d.Attempt))
	}
}

// conclude says what became of it.
func conclude(span trace.Span, r run.Report) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("actionplane.delivery.event", string(r.Event.Kind)), attribute.String("actionplane.attempt.outcome", string(r.Attempt.Outcome)))
	if !r.Due.IsZero() {
		span.SetAttributes(attribute.String("actionplane.delivery.due", r.Due.UTC().Format("2006-01-02T15:04:05.000Z07:00")))
	}
}

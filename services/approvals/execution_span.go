package approvals

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// beginExecution starts the span of an attempt to execute, in the trace of the
// decision that made up the number, or of who had it tried again, and linked to
// it. Where that is not sampled there is none.
func (h *handlers) beginExecution(ctx context.Context, r store.Request) (context.Context, trace.Span) {
	if r.Traceparent == "" {
		return ctx, trace.SpanFromContext(ctx)
	}
	ctx, link := telemetry.WithTraceparent(ctx, r.Traceparent)
	ctx, span := h.tracer.Start(ctx, "execute", trace.WithLinks(link))
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("actionplane.approval.request.id", r.ID), attribute.String("actionplane.approval.action_type", r.ActionType),
			attribute.Int("actionplane.attempt.number", r.Execution.Attempts),
		)
	}
	return ctx, span
}

// endExecution says what came of it; the span is ended when that is written
// down.
func endExecution(span trace.Span, next request.ExecutionState, known bool, cause error) {
	if !span.IsRecording() {
		return
	}
	if known {
		span.SetAttributes(attribute.String("actionplane.approval.execution", string(next)))
	}
	if next != request.Executed || !known {
		telemetry.Fail(span, cause, fault.CodeOf(cause).String())
	}
}

package hook

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/dispatch/internal/attempt"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// begin starts the span of a step, where the hook is traced: the wait for room
// and the try, or the row, lie below.
func begin(ctx context.Context, id run.ID, position int, step run.Step) (context.Context, trace.Span) {
	ctx, span := telemetry.Child(ctx, attempt.Scope, "step")
	if span.IsRecording() {
		attempt.Describe(span, id, position, step)
	}
	return ctx, span
}

// end says what the step came to. One that is passed over has failed all the
// same.
func end(span trace.Span, r run.StepResult) {
	if span.IsRecording() {
		span.SetAttributes(attribute.String("actionplane.step.outcome", string(r.Outcome)), attribute.Bool("actionplane.step.changed", r.Changed))
		if r.Status != 0 {
			span.SetAttributes(attribute.Int("actionplane.step.status", r.Status))
		}
		if r.Error != "" {
			span.SetAttributes(attribute.String("error.type", string(r.Outcome)))
			span.SetStatus(codes.Error, r.Error)
		}
	}
	span.End()
}

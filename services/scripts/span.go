package scripts

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/scripts/internal/journal"
)

// begin starts the span of an invocation, where its caller is traced: the wait
// for a worker is what lies in it before the worker's own.
func begin(ctx context.Context, e *journal.Entry) (context.Context, trace.Span) {
	ctx, span := telemetry.Child(ctx, "github.com/actionplane/actionplane/services/scripts", "invocation")
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("actionplane.invocation.id", e.ID.String()), attribute.String("actionplane.action.id", e.ActionID),
			attribute.String("actionplane.action.name", e.ActionName), attribute.Int64("actionplane.action.version", int64(e.Version)),
			attribute.String("actionplane.run.id", e.RunID),
		)
	}
	return ctx, span
}

// end ends it: with err where the script was not run, otherwise with what it
// came to.
func end(span trace.Span, e *journal.Entry, err error) {
	if span.IsRecording() {
		telemetry.Fail(span, err, fault.CodeOf(err).String())
		if err == nil {
			span.SetAttributes(attribute.String("actionplane.invocation.outcome", string(e.Outcome)))
		}
		if e.Failure.Kind != "" {
			span.SetAttributes(attribute.String("error.type", e.Failure.Kind))
			span.SetStatus(codes.Error, e.Failure.Message)
		}
	}
	span.End()
}

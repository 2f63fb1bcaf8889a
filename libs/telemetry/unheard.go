package telemetry

import (
	"context"
	"encoding/binary"
	"math/rand/v2"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// unheard is the tracer provider of a process without a collector. It records
// nothing and makes no spans of its own: what has a trace stays in it, under
// the span of whoever sent it, so that the traces of our neighbours do not
// break where we stand between them. A call that comes without a trace is given
// ids, never sampled ones, by which its log lines are found together; a message
// is not, for it would carry them through every stream and pay for it.
type unheard struct{ embedded.TracerProvider }

// Tracer implements trace.TracerProvider.
func (p unheard) Tracer(string, ...trace.TracerOption) trace.Tracer { return unheardTracer{} }

type unheardTracer struct{ embedded.Tracer }

// Start implements trace.Tracer.
func (unheardTracer) Start(ctx context.Context, _ string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	span := trace.SpanFromContext(ctx)
	if span.SpanContext().IsValid() {
		return ctx, span
	}
	if config := trace.NewSpanStartConfig(options...); config.SpanKind() != trace.SpanKindServer {
		return ctx, span
	}
	ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{TraceID: newTraceID(), SpanID: newSpanID()}))
	return ctx, trace.SpanFromContext(ctx)
}

// newTraceID returns an id as random as W3C wants it; it is no secret.
func newTraceID() (id trace.TraceID) {
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:8], rand.Uint64())
		binary.NativeEndian.PutUint64(id[8:], rand.Uint64())
	}
	return id
}

func newSpanID() (id trace.SpanID) {
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:], rand.Uint64())
	}
	return id
}

// Elsewhere returns the context of a span in a trace that has nothing of ctx's
// but whether it is sampled: what a stranger may be told in its place.
func Elsewhere(ctx context.Context) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: newTraceID(), SpanID: newSpanID(),
		TraceFlags: trace.SpanContextFromContext(ctx).TraceFlags() & trace.FlagsSampled,
	})
}

package telemetry

import (
	"context"
	"encoding/hex"
	"iter"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Child starts a span of kind internal under that of ctx, by the same provider,
// where that one is recorded. Otherwise it returns ctx, and the span there is:
// one that keeps nothing. So a step that nobody looks at costs no allocation;
// attributes belong behind IsRecording, for to make them costs some.
func Child(ctx context.Context, scope, name string) (context.Context, trace.Span) {
	return ChildOf(ctx, scope, name, trace.SpanKindInternal)
}

// ChildOf is Child with a kind.
func ChildOf(ctx context.Context, scope, name string, kind trace.SpanKind, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, parent
	}
	return parent.TracerProvider().Tracer(scope).Start(ctx, name, append(options, trace.WithSpanKind(kind))...)
}

// Fail says in a span what an operation failed of; nil: nothing. kind is the
// class of the error, the value of error.type.
func Fail(span trace.Span, err error, kind string) {
	if err == nil || !span.IsRecording() {
		return
	}
	span.SetStatus(codes.Error, err.Error())
	span.SetAttributes(attribute.String("error.type", kind))
}

// Traceparent returns the trace context of ctx as W3C writes it, where its
// span is sampled; otherwise "". It is how a trace is kept in a database for
// work that goes on later: what nobody records costs no byte.
func Traceparent(ctx context.Context) string {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsSampled() {
		return ""
	}
	return FormatTraceparent(span)
}

// FormatTraceparent writes a trace context as W3C does, without vendor state;
// "" where it is none.
func FormatTraceparent(span trace.SpanContext) string {
	if !span.IsValid() {
		return ""
	}
	traceID, spanID := span.TraceID(), span.SpanID()
	flags := [1]byte{byte(span.TraceFlags() & (trace.FlagsSampled | trace.FlagsRandom))}
	b := make([]byte, 0, len("00-")+2*len(traceID)+1+2*len(spanID)+len("-00"))
	b = hex.AppendEncode(append(b, "00-"...), traceID[:])
	b = hex.AppendEncode(append(b, '-'), spanID[:])
	return string(hex.AppendEncode(append(b, '-'), flags[:]))
}

// WithTraceparent returns ctx in the trace of what Traceparent returned, and a
// link to that place; ctx as it is where there is nothing to be read.
func WithTraceparent(ctx context.Context, text string) (context.Context, trace.Link) {
	if text == "" {
		return ctx, trace.Link{}
	}
	ctx = w3c.Extract(ctx, HeaderCarrier{traceparent: {text}})
	return ctx, trace.Link{SpanContext: trace.SpanContextFromContext(ctx)}
}

// UnderFirst returns ctx under the first of some spans that is recorded, and that
// span, nil where none is: what is done for all of them is seen there, and the
// others link to it.
func UnderFirst(ctx context.Context, spans iter.Seq[trace.Span]) (context.Context, trace.Span) {
	var first trace.Span
	for span := range spans {
		switch {
		case !span.IsRecording():
		case first == nil:
			first = span
			ctx = trace.ContextWithSpan(ctx, span)
		default:
			span.AddLink(trace.Link{SpanContext: first.SpanContext()})
		}
	}
	return ctx, first
}

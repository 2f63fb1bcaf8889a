package telemetry

import (
	"context"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/trace"
)

// traceHandler adds trace_id and span_id to every line that is logged with the
// context of a span, always at the top level of the line.
type traceHandler struct {
	slog.Handler // with everything applied

	// root is the handler as it was before the first WithGroup, and grouped
	// what was applied since. Attributes that are added in a group end up inside
	// it, so for a line of a span these are applied again, to root with the ids.
	root    slog.Handler
	grouped []func(slog.Handler) slog.Handler
}

func newTraceHandler(lines slog.Handler) traceHandler {
	return traceHandler{Handler: lines, root: lines}
}

// Handle implements slog.Handler.
func (h traceHandler) Handle(ctx context.Context, line slog.Record) error {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() {
		return h.Handler.Handle(ctx, line)
	}
	ids := []slog.Attr{
		slog.String("trace_id", span.TraceID().String()),
		slog.String("span_id", span.SpanID().String()),
	}
	if len(h.grouped) == 0 {
		line = line.Clone()
		line.AddAttrs(ids...)
		return h.Handler.Handle(ctx, line)
	}
	lines := h.root.WithAttrs(ids)
	for _, apply := range h.grouped {
		lines = apply(lines)
	}
	return lines.Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (h traceHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(h.grouped) == 0 {
		return newTraceHandler(h.Handler.WithAttrs(attrs))
	}
	return h.apply(func(lines slog.Handler) slog.Handler { return lines.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (h traceHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.apply(func(lines slog.Handler) slog.Handler { return lines.WithGroup(name) })
}

func (h traceHandler) apply(f func(slog.Handler) slog.Handler) traceHandler {
	return traceHandler{Handler: f(h.Handler), root: h.root, grouped: append(slices.Clip(h.grouped), f)}
}

package edge

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
)

const component = "actionplane/gateway"

// RequestID is the header by which a request is found again in the logs.
const RequestID = "X-Request-Id"

// observer tells of every call once: a span, a measurement, a log line.
type observer struct {
	lines      *telemetry.Lines
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
	duration   metric.Float64Histogram
}

func newObserver(log *slog.Logger, tel *telemetry.Telemetry) (*observer, error) {
	duration, err := tel.Meter(component).Float64Histogram("actionplane.edge.duration",
		metric.WithUnit("s"),
		metric.WithDescription("calls at the edge, from admission to the owner's answer"),
		metric.WithExplicitBucketBoundaries(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30))
	if err != nil {
		return nil, err
	}
	return &observer{lines: tel.NewLines(log), tracer: tel.Tracer(component), propagator: tel.Propagator(), duration: duration}, nil
}

// begin opens the call's span under that of the caller, if it told of one. The
// returned function ends it.
func (o *observer) begin(ctx context.Context, m *contract.Method) (context.Context, func(tenant.Identity, error)) {
	start := time.Now()
	visit := visitOf(ctx)
	ctx = o.propagator.Extract(ctx, propagation.HeaderCarrier(visit.header))
	ctx, span := o.tracer.Start(ctx, strings.TrimPrefix(m.FullName, "/"), serverKind...)
	return ctx, func(who tenant.Identity, err error) {
		took := time.Since(start)
		code := fault.CodeOf(err)
		about := []attribute.KeyValue{
			attribute.String("method", m.FullName),
			attribute.String("protocol", visit.protocol),
			attribute.String("code", codes.Code(code).String()),
		}
		o.endSpan(span, m, visit, who, err)
		o.duration.Record(ctx, took.Seconds(), metric.WithAttributes(about...))
		level := slog.LevelInfo
		if ours(code) {
			level = slog.LevelWarn
		}
		o.lines.Tell(ctx, level, err == nil, "edge.call", func() []slog.Attr { return describe(m, visit, who, took, err) })
	}
}

// describe returns a call's line; a refusal tells the permission that was asked
// for, and what the caller was told. The request itself stays out.
func describe(m *contract.Method, visit *Visit, who tenant.Identity, took time.Duration, err error) []slog.Attr {
	code := fault.CodeOf(err)
	attrs := []slog.Attr{
		slog.String("method", m.FullName), slog.String("protocol", visit.protocol), slog.Uint64("code", uint64(code)),
		slog.String("tenant", string(who.Tenant)), slog.String("organization", string(who.Organization)), slog.String("person", string(who.Person)),
		slog.Duration("took", took), slog.String("request", visit.header.Get(RequestID)),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error_class", code.String()), slog.String("error", told(err)), slog.String("permission", m.Permission))
	}
	return attrs
}

// told is what a caller is told of an error; what is not classified he is not,
// and its text is in the log of who was asked.
func told(err error) string {
	if known, ok := fault.As(err); ok {
		return known.Text()
	}
	return "internal error"
}

// serverKind is made once, for every call needs it.
var serverKind = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}

// endSpan says what was called how, by whom, and what came of it.
func (o *observer) endSpan(span trace.Span, m *contract.Method, visit *Visit, who tenant.Identity, err error) {
	if span.IsRecording() {
		code := fault.CodeOf(err)
		span.SetAttributes(
			attribute.String("rpc.method", strings.TrimPrefix(m.FullName, "/")), attribute.String("rpc.response.status_code", code.String()),
			attribute.String("actionplane.edge.protocol", visit.protocol), attribute.String("actionplane.tenant", string(who.Tenant)),
			attribute.String("actionplane.organization", string(who.Organization)), attribute.String("actionplane.person", string(who.Person)),
		)
		if visit.method != "" {
			span.SetAttributes(attribute.String("http.request.method", strings.Clone(visit.method)), attribute.String("url.path", strings.Clone(visit.path)))
		}
		if id := visit.header.Get(RequestID); id != "" {
			span.SetAttributes(attribute.String("actionplane.edge.request_id", strings.Clone(id)))
		}
		if ours(code) {
			span.SetStatus(otelcodes.Error, err.Error())
			span.SetAttributes(attribute.String("error.type", code.String()))
		}
	}
	span.End()
}

// ours reports whether an error of this code is the server's: a refusal is an
// answer like any other.
func ours(code fault.Code) bool {
	switch code {
	case fault.CodeUnknown, fault.CodeDeadline, fault.CodeUnimplemented, fault.CodeInternal, fault.CodeUnavailable:
		return true
	default:
		return false
	}
}

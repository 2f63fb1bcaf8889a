// Package sdkotel makes a service and Actionplane one trace: what package sdk
// sends carries the trace of the context it is sent under, and has a span of
// its own.
//
//	client, err := sdk.Connect(ctx, sdkotel.Traced(sdk.Config{URL: "nats://localhost:4222"}))
//
// Names and attributes are those of OpenTelemetry's semantic conventions: a
// hook is a call (RPC), an event a message that is sent (messaging).
package sdkotel

import (
	"context"
	"errors"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	grpccodes "google.golang.org/grpc/codes"

	"github.com/actionplane/actionplane/libs/sdk"
)

const scope = "github.com/actionplane/actionplane/libs/sdk/sdkotel"

// Option changes what Traced does.
type Option func(*tracing)

// WithTracerProvider makes spans by a provider of the service's own; without,
// by OpenTelemetry's global one, as instrumentation usually does.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(t *tracing) { t.tracer = p.Tracer(scope) }
}

// WithPropagator writes headers by a propagator of the service's own; without,
// it is W3C Trace Context, which Actionplane reads. Baggage is not sent on.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(t *tracing) { t.propagator = p }
}

type tracing struct {
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
}

// Traced returns cfg with tracing.
func Traced(cfg sdk.Config, options ...Option) sdk.Config {
	t := tracing{propagator: propagation.TraceContext{}}
	for _, option := range options {
		option(&t)
	}
	if t.tracer == nil {
		t.tracer = otel.Tracer(scope)
	}
	cfg.Inject = func(ctx context.Context, header map[string][]string) { t.propagator.Inject(ctx, carrier(header)) }
	cfg.Span = t.start
	return cfg
}

// start begins the span of an operation.
func (t tracing) start(ctx context.Context, o sdk.Operation) (context.Context, func(error)) {
	name, kind := strings.TrimPrefix(o.Method, "/"), trace.SpanKindClient
	if o.Method == "" {
		name, kind = "send "+o.Destination, trace.SpanKindProducer
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kind))
	if span.IsRecording() {
		span.SetAttributes(attribute.String("messaging.destination.template", o.Destination))
		if o.Method != "" {
			span.SetAttributes(attribute.String("rpc.system.name", "nats"), attribute.String("rpc.method", name))
		} else {
			span.SetAttributes(attribute.String("messaging.system", "nats"), attribute.String("messaging.operation.name", "send"),
				attribute.String("messaging.operation.type", "send"))
		}
		if o.Events > 1 {
			span.SetAttributes(attribute.Int("messaging.batch.message_count", o.Events))
		}
	}
	return ctx, func(err error) { end(span, err) }
}

// end ends it. A veto is an error like any other to who asked.
func end(span trace.Span, err error) {
	if err != nil && span.IsRecording() {
		kind := "unknown"
		if e := (*sdk.Error)(nil); errors.As(err, &e) {
			kind = grpccodes.Code(e.Code).String()
		}
		span.SetAttributes(attribute.String("error.type", kind))
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

// carrier writes headers in lower case, as W3C has them: NATS keeps the case of
// names, and receivers in other languages look for these.
type carrier map[string][]string

// Get implements propagation.TextMapCarrier.
func (c carrier) Get(key string) string {
	for name, values := range c {
		if strings.EqualFold(name, key) {
			return strings.Join(values, ",")
		}
	}
	return ""
}

// Set implements propagation.TextMapCarrier.
func (c carrier) Set(key, value string) { c[strings.ToLower(key)] = []string{value} }

// Keys implements propagation.TextMapCarrier.
func (c carrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for name := range c {
		keys = append(keys, name)
	}
	return keys
}

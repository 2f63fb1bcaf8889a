package telemetry

import (
	"context"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/propagation"
)

// traceparent is the header of the W3C specification; a library of Go writes it
// as "Traceparent".
const traceparent = "traceparent"

var w3c propagation.TraceContext // which has no state

// Inject writes the trace of ctx into the headers of a message; baggage stays
// with us.
func Inject(ctx context.Context, header map[string][]string) { w3c.Inject(ctx, HeaderCarrier(header)) }

// Extract returns ctx in the trace of a message's headers, if they name one.
func Extract(ctx context.Context, header map[string][]string) context.Context {
	return w3c.Extract(ctx, HeaderCarrier(header))
}

// Without returns header without its trace; header itself where it has none.
func Without(header map[string][]string) map[string][]string {
	mine := func(name string, _ []string) bool {
		return strings.EqualFold(name, traceparent) || strings.EqualFold(name, "tracestate")
	}
	for name, values := range header {
		if mine(name, values) {
			header = maps.Clone(header)
			maps.DeleteFunc(header, mine)
			return header
		}
	}
	return header
}

// HeaderCarrier carries trace context in the headers of a NATS message; a
// nats.Header converts to it.
//
// It stands in for propagation.HeaderCarrier, which treats keys as HTTP does
// and writes "Traceparent". NATS headers are case-sensitive, and publishers in
// other languages write "traceparent", as the W3C specification does: what one
// side writes the other would not find. This carrier writes lower case and
// reads any case.
type HeaderCarrier map[string][]string

var _ propagation.TextMapCarrier = HeaderCarrier{}

// Get returns the value of key in any case, lower case first. Several values
// come joined by commas: so tracestate demands it, and a doubled traceparent
// becomes malformed and is ignored, which is right too.
func (c HeaderCarrier) Get(key string) string {
	if values, ok := c[strings.ToLower(key)]; ok {
		return strings.Join(values, ",")
	}
	for name, values := range c {
		if strings.EqualFold(name, key) {
			return strings.Join(values, ",")
		}
	}
	return ""
}

// Set stores value under key in lower case and removes the key in other cases.
func (c HeaderCarrier) Set(key, value string) {
	maps.DeleteFunc(c, func(name string, _ []string) bool { return strings.EqualFold(name, key) })
	c[strings.ToLower(key)] = []string{value}
}

// Keys returns the names of all headers.
func (c HeaderCarrier) Keys() []string { return slices.Collect(maps.Keys(c)) }

package telemetry

import (
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/propagation"
)

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

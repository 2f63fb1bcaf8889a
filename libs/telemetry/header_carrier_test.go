package telemetry_test

import (
	"testing"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/trace"
	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/telemetry"
)

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// extract returns the span context that headers carry.
func extract(t *testing.T, headers nats.Header) trace.SpanContext {
	t.Helper()
	ctx := telemetry.Nop().Propagator().Extract(t.Context(), telemetry.HeaderCarrier(headers))
	return trace.SpanContextFromContext(ctx)
}

func TestHeaderCarrier(t *testing.T) {
	t.Parallel()

	t.Run("WhatWeWriteOthersFindInLowerCase", func(t *testing.T) {
		t.Parallel()
		running := start(t, telemetry.Config{})
		ctx, span := running.Tracer("test").Start(t.Context(), "send", trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		headers := nats.Header{}
		running.Propagator().Inject(ctx, telemetry.HeaderCarrier(headers))
		if _, ok := headers["traceparent"]; !ok || headers.Get("Traceparent") != "" {
			t.Errorf("headers = %v, want the key in lower case alone", headers)
		}
		if got := extract(t, headers); got.TraceID() != span.SpanContext().TraceID() || got.SpanID() != span.SpanContext().SpanID() {
			t.Errorf("extracted %v, want %v", got, span.SpanContext())
		}
	})

	t.Run("WhatOthersWriteInAnyCaseWeFind", func(t *testing.T) {
		t.Parallel()
		for _, key := range []string{"traceparent", "Traceparent", "TraceParent", "TRACEPARENT"} {
			got := extract(t, nats.Header{key: {traceparent}, "Tracestate": {"a=1", "b=2"}})
			if got.TraceID().String() != "4bf92f3577b34da6a3ce929d0e0e4736" || !got.IsSampled() {
				t.Errorf("%s: extracted %v", key, got)
			}
			if state := got.TraceState().String(); state != "a=1,b=2" {
				t.Errorf("%s: tracestate %q, want both headers joined", key, state)
			}
		}
	})

	t.Run("DoubledTraceparentIsIgnored", func(t *testing.T) {
		t.Parallel()
		if got := extract(t, nats.Header{"traceparent": {traceparent, traceparent}}); got.IsValid() {
			t.Errorf("extracted %v", got)
		}
	})

	t.Run("SetReplacesEveryCase", func(t *testing.T) {
		t.Parallel()
		c := telemetry.HeaderCarrier{"Traceparent": {"old"}, "TRACEPARENT": {"older"}, "Other": {"kept"}}
		c.Set("TraceParent", "new")
		if len(c) != 2 || c["traceparent"][0] != "new" || c["Other"][0] != "kept" || len(c.Keys()) != 2 {
			t.Errorf("carrier = %v", c)
		}
	})

	t.Run("NothingIsInNothing", func(t *testing.T) {
		t.Parallel()
		if got := telemetry.HeaderCarrier(nil).Get("traceparent"); got != "" {
			t.Errorf("Get = %q", got)
		}
	})
}

func TestHeaderCarrierGetFindsWhatSetWrote(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[A-Za-z-]{1,12}`)
	rapid.Check(t, func(t *rapid.T) {
		c := telemetry.HeaderCarrier(rapid.MapOf(word, rapid.SliceOf(word)).Draw(t, "headers"))
		key, value := word.Draw(t, "key"), word.Draw(t, "value")
		c.Set(key, value)
		if got := c.Get(key); got != value {
			t.Fatalf("Get(%q) = %q, want %q", key, got, value)
		}
	})
}

// FuzzExtract reads headers of foreign publishers.
func FuzzExtract(f *testing.F) {
	f.Add("traceparent", traceparent, "a=1")
	f.Add("Traceparent", "00-0-0-0", "=")
	f.Fuzz(func(t *testing.T, key, parent, state string) {
		got := extract(t, nats.Header{key: {parent}, "tracestate": {state}})
		if got.IsValid() && !got.IsRemote() {
			t.Errorf("extracted %v", got)
		}
	})
}

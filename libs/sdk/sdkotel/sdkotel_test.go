package sdkotel_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdkotel"
	"github.com/actionplane/actionplane/libs/sdk/sdktest"
	"github.com/actionplane/actionplane/proto/contract"
)

// header is what the last event was stored with.
func header(t *testing.T, nc *nats.Conn) nats.Header {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), contract.EventsStream)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := stream.GetMsg(t.Context(), stream.CachedInfo().State.LastSeq)
	if err != nil {
		t.Fatal(err)
	}
	return msg.Header
}

func traceparent(s sdktrace.ReadOnlySpan) string {
	return "00-" + s.SpanContext().TraceID().String() + "-" + s.SpanContext().SpanID().String() + "-01"
}

func TestTraced(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	a := sdktest.Start(t, func(c sdktest.Call) sdktest.Answer {
		if c.Name == "/a.B/Vetoed" {
			return sdktest.Answer{Condition: "request", Veto: &sdk.Error{Code: sdk.CodePermissionDenied, Message: "no"}}
		}
		return sdktest.Answer{Condition: "request"}
	})
	client, err := sdk.New(a.Connect(t), sdkotel.Traced(sdk.Config{NoIndex: true}, sdkotel.WithTracerProvider(tracers)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	ctx, parent := tracers.Tracer("service").Start(t.Context(), "service")

	if _, err := client.Request(ctx, sdk.Hook{Method: "/a.B/C", Payload: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	hook := spans.Ended()[0]
	if hook.Name() != "actionplane.hooks.v1.Hooks/RunRequestHook" || hook.SpanKind() != trace.SpanKindClient || hook.Parent().SpanID() != parent.SpanContext().SpanID() {
		t.Errorf("got %s, %s", hook.Name(), hook.SpanKind())
	}
	if got := a.Calls()[0].Metadata["traceparent"]; len(got) != 1 || got[0] != traceparent(hook) {
		t.Errorf("the hook went out with %q, want %s", got, traceparent(hook))
	}

	if _, err := client.Request(ctx, sdk.Hook{Method: "/a.B/Vetoed", Payload: []byte("{}")}); err == nil {
		t.Fatal("not vetoed")
	}
	if vetoed := spans.Ended()[1]; vetoed.Status().Code != codes.Error {
		t.Errorf("a veto is %v", vetoed.Status())
	}

	for name, publish := range map[string]func(context.Context) error{
		"one": func(ctx context.Context) error { _, err := client.Publish(ctx, sdk.Event{Type: "a.b"}); return err },
		"many": func(ctx context.Context) error {
			_, err := client.PublishAll(ctx, []sdk.Event{{Type: "a.b"}, {Type: "a.c"}})
			return err
		},
	} {
		if err := publish(ctx); err != nil {
			t.Fatal(err)
		}
		sent := spans.Ended()[len(spans.Ended())-1]
		if sent.Name() != "send actionplane.events.v1.{tenant}.{type}" || sent.SpanKind() != trace.SpanKindProducer {
			t.Errorf("%s: got %s, %s", name, sent.Name(), sent.SpanKind())
		}
		if got := header(t, a.Connect(t))["traceparent"]; len(got) != 1 || got[0] != traceparent(sent) {
			t.Errorf("%s: went out with %q, want %s", name, got, traceparent(sent))
		}
	}
}

// What nobody listens to costs no message, and makes no span.
func TestTraced_AHookWithoutListenersMakesNoSpan(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	a := sdktest.Start(t, nil)
	a.Listen(t)
	client, err := sdk.New(a.Connect(t), sdkotel.Traced(sdk.Config{}, sdkotel.WithTracerProvider(tracers)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for client.MayListen(sdk.KindRequest, "/a.B/C") { // until the index is there
		select {
		case <-ctx.Done():
			t.Fatal("the index never came")
		case <-time.After(time.Millisecond):
		}
	}
	if _, err := client.Request(t.Context(), sdk.Hook{Method: "/a.B/C", Payload: []byte("{}")}); err != nil || len(spans.Ended()) != 0 {
		t.Errorf("%d spans, %v", len(spans.Ended()), err)
	}
}

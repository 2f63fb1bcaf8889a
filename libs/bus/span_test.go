package bus_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/telemetry/telemetrytest"
	"github.com/actionplane/actionplane/proto/contract"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
)

const invoke = "actionplane.scripts.v1.Scripts/Invoke"

// traced is a caller and an owner, two processes as far as traces go.
func traced(t *testing.T) (caller, owner *bus.Conn, tracer trace.Tracer, ended func() []telemetrytest.Span) {
	t.Helper()
	running, collector, stop := telemetrytest.Start(t, "test")
	server := bustest.Start(t)
	connect := func(name string) *bus.Conn {
		conn, err := bus.Connect(t.Context(), bus.Config{InProcess: server.Server, Name: name}, bus.Deps{Traces: running.TracerProvider()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := conn.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		return conn
	}
	return connect("caller"), connect("owner"), running.Tracer("test"), func() []telemetrytest.Span { stop(); return collector.Spans() }
}

// running runs f, which blocks until its context is done, until stop is called,
// which waits: what it was doing has ended then, its spans included.
func running(t *testing.T, f func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// one returns the only span of a name and kind.
func one(t *testing.T, spans []telemetrytest.Span, name string, kind trace.SpanKind) telemetrytest.Span {
	t.Helper()
	var found []telemetrytest.Span
	for _, s := range spans {
		if s.Name == name && s.Kind == kind {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d spans are %q, %s, of\n%s", len(found), name, kind, telemetrytest.Trace(spans))
	}
	return found[0]
}

func TestSpans(t *testing.T) {
	t.Parallel()

	t.Run("RequestAndReplyAreParentAndChild", func(t *testing.T) {
		t.Parallel()
		caller, owner, tracer, ended := traced(t)
		server := owner.NewServer(bus.ServerConfig{})
		scriptsv1.RegisterScriptsScriptsServer(server, scripts(func(_ context.Context, in *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
			switch in.GetActionId() {
			case "refused":
				return nil, fault.NotFound("no such action")
			case "broken":
				return nil, errors.New("broken")
			}
			return &scriptsv1.InvokeResponse{}, nil
		}))
		stop := running(t, server.Run)
		client := scriptsv1.NewScriptsBusClient(caller)
		for _, c := range []struct {
			id, code                 string
			callFailed, serverFailed bool
		}{{"", "", false, false}, {"refused", "NotFound", true, false}, {"broken", "Internal", true, true}} {
			ctx, span := tracer.Start(t.Context(), "case "+c.id)
			_, _ = client.Invoke(ctx, &scriptsv1.InvokeRequest{ActionId: c.id})
			span.End()
		}
		if _, err := client.Invoke(t.Context(), &scriptsv1.InvokeRequest{}); err != nil { // a trace begins with the owner
			t.Fatal(err)
		}
		stop()
		spans := telemetrytest.Trace(ended())
		for _, c := range []struct {
			id, code                 string
			callFailed, serverFailed bool
		}{{"", "", false, false}, {"refused", "NotFound", true, false}, {"broken", "Internal", true, true}} {
			below := spans.Under(one(t, spans, "case "+c.id, trace.SpanKindInternal))
			call, served := one(t, below, invoke, trace.SpanKindClient), one(t, below, invoke, trace.SpanKindServer)
			if served.Parent != call.ID || call.Failed != c.callFailed || served.Failed != c.serverFailed ||
				call.Attributes["rpc.response.status_code"] != c.code || (served.Attributes["error.type"] != "") != c.serverFailed ||
				served.Attributes["rpc.method"] != invoke || served.Attributes["rpc.system.name"] != "nats" {
				t.Errorf("%q: got\n%s", c.id, below)
			}
		}
		if len(spans.Roots()) != 4 {
			t.Errorf("got\n%s", spans)
		}
	})

	t.Run("AMessageIsProcessedInItsTraceAndLinksToItsCreation", func(t *testing.T) {
		t.Parallel()
		publisher, consumer, tracer, ended := traced(t)
		ensure(t, publisher, bus.Stream{Name: contract.EventsStream, Subjects: []string{contract.EventSubjects}})
		subject, template := contract.EventSubject("t1", "a.b"), "actionplane.events.v1.{tenant}.{type}"
		followed, consumed := make(chan struct{}, 1), make(chan string, 1)
		ready := make(chan struct{})
		stopFollowing := running(t, func(ctx context.Context) error {
			return consumer.Follow(ctx, contract.EventsStream, nil, func(uint64) { close(ready) }, func(bus.Message) { followed <- struct{}{} })
		})
		<-ready
		failures := 1
		ctx, span := tracer.Start(t.Context(), "publisher")
		if err := publisher.Publish(ctx, subject, "1", nil, nil); err != nil {
			t.Fatal(err)
		}
		span.End()
		<-followed
		stopFollowing()
		consuming, stop := context.WithCancel(t.Context())
		err := consumer.Consume(consuming, bus.Consumer{Stream: contract.EventsStream, Name: "group"}, func(ctx context.Context, _ bus.Message) error {
			if failures--; failures >= 0 {
				return errors.New("ours to heal")
			}
			consumed <- telemetry.Traceparent(ctx)
			stop() // Consume returns when this is done
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		within := <-consumed
		spans := telemetrytest.Trace(ended())
		send := one(t, spans, "send "+template, trace.SpanKindProducer)
		processed := spans.Named("", "process "+template)
		if len(processed) != 3 || len(spans.Roots()) != 1 || within == "" {
			t.Fatalf("got\n%s", spans)
		}
		for i, s := range processed {
			if s.Kind != trace.SpanKindConsumer || s.Parent != send.ID || len(s.Links) != 1 || s.Links[0] != send.Place() || s.Failed != (i == 1) ||
				s.Attributes["messaging.system"] != "nats" || s.Attributes["messaging.operation.type"] != "process" ||
				s.Attributes["messaging.destination.template"] != template || s.Attributes["messaging.message.id"] != "1" ||
				(s.Attributes["messaging.consumer.group.name"] == "group") != (i > 0) {
				t.Errorf("got %+v", s)
			}
		}
	})

	t.Run("WhatAServiceDoesByItselfIsNoTrace", func(t *testing.T) {
		t.Parallel()
		publisher, _, _, ended := traced(t)
		ensure(t, publisher, bus.Stream{Name: "S", Subjects: []string{"s.>"}})
		if err := publisher.Publish(t.Context(), "s.1", "1", nil, nil); err != nil {
			t.Fatal(err)
		}
		if spans := ended(); len(spans) != 0 {
			t.Errorf("got %v", spans)
		}
	})
}

func ensure(t *testing.T, conn *bus.Conn, s bus.Stream) {
	t.Helper()
	if err := conn.EnsureStream(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

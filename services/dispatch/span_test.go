package dispatch

import (
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/telemetry/telemetrytest"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
)

func TestLinkOrigin_OnlyToAnotherTraceThatIsOne(t *testing.T) {
	t.Parallel()
	running, collector, stop := telemetrytest.Start(t, "dispatch")
	const origin = "4bf92f3577b34da6a3ce929d0e0e4736"
	traces := map[string]trace.TraceID{}
	for name, traceparent := range map[string]string{
		"none": "", "malformed": "00-1-2-3", "another": "00-" + origin + "-00f067aa0ba902b7-01", "its own": "",
	} {
		ctx, span := running.Tracer("test").Start(t.Context(), "process")
		if name == "its own" {
			traceparent = "00-" + span.SpanContext().TraceID().String() + "-00f067aa0ba902b7-01"
		}
		linkOrigin(ctx, &eventsv1.Event{Id: "e", Attributes: map[string]string{"traceparent": traceparent}})
		span.End()
		traces[name] = span.SpanContext().TraceID()
	}
	stop()
	for name, id := range traces {
		links := collector.Trace(id)[0].Links
		if (len(links) == 1 && links[0].Trace.String() == origin) != (name == "another") || len(links) > 1 {
			t.Errorf("%s: links to %v", name, links)
		}
	}
}

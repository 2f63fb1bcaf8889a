package telemetry_test

import (
	"context"
	"errors"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/telemetry/telemetrytest"
)

const theirs = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestChild(t *testing.T) {
	t.Parallel()

	t.Run("IsOfTheProviderOfItsParent", func(t *testing.T) {
		t.Parallel()
		running, collector, stop := telemetrytest.Start(t, "test")
		ctx, parent := running.Tracer("a").Start(t.Context(), "parent")
		_, child := telemetry.ChildOf(ctx, "b", "child", trace.SpanKindClient, trace.WithAttributes(attribute.Int("n", 7)))
		telemetry.Fail(child, errors.New("no"), "REFUSED")
		telemetry.Fail(parent, nil, "REFUSED")
		child.End()
		parent.End()
		stop()
		spans := collector.Trace(parent.SpanContext().TraceID())
		if len(spans) != 2 || len(spans.Roots()) != 1 || spans[0].Failed {
			t.Fatalf("got\n%s", spans)
		}
		got := spans[1]
		if got.Parent != spans[0].ID || got.Kind != trace.SpanKindClient || got.Attributes["n"] != "7" ||
			got.Attributes["error.type"] != "REFUSED" || got.Status != "no" || got.Service != "test" {
			t.Errorf("got %+v", got)
		}
	})

	t.Run("OfNothingIsNothing", func(t *testing.T) {
		t.Parallel()
		parent := telemetry.Extract(t.Context(), map[string][]string{"traceparent": {theirs}}) // recorded, but not here
		for _, ctx := range []context.Context{t.Context(), parent} {
			if after, _ := telemetry.Child(ctx, "a", "child"); after != ctx {
				t.Error("it is another context")
			}
		}
	})
}

// A process that has no collector must not break the traces of those that have.
func TestWithoutACollector(t *testing.T) {
	t.Parallel()
	tracer := start(t, telemetry.Config{}).Tracer("test")

	t.Run("TracesGoThroughAsTheyAre", func(t *testing.T) {
		t.Parallel()
		ctx := telemetry.Extract(t.Context(), map[string][]string{"Traceparent": {theirs}, "tracestate": {"v=1"}})
		ctx, span := tracer.Start(ctx, "serve", trace.WithSpanKind(trace.SpanKindServer))
		span.End()
		onward := map[string][]string{}
		telemetry.Inject(ctx, onward)
		if span.IsRecording() || onward["traceparent"][0] != theirs || onward["tracestate"][0] != "v=1" || telemetry.Traceparent(ctx) != theirs {
			t.Errorf("onward go %v", onward)
		}
	})

	t.Run("CallsGetIDsForTheLogs", func(t *testing.T) {
		t.Parallel()
		ctx, span := tracer.Start(t.Context(), "serve", trace.WithSpanKind(trace.SpanKindServer))
		_, below := tracer.Start(ctx, "call", trace.WithSpanKind(trace.SpanKindClient))
		if sc := span.SpanContext(); !sc.IsValid() || sc.IsSampled() || sc.IsRemote() || !below.SpanContext().Equal(sc) || telemetry.Traceparent(ctx) != "" {
			t.Errorf("got %v, and below it %v", sc, below.SpanContext())
		}
	})

	t.Run("MessagesDoNot", func(t *testing.T) {
		t.Parallel()
		if _, span := tracer.Start(t.Context(), "process", trace.WithSpanKind(trace.SpanKindConsumer)); span.SpanContext().IsValid() {
			t.Error("it has ids")
		}
	})
}

// What is not recorded costs nothing, where it goes through as it is or stays
// away.
func TestWithoutACollector_NothingIsAllocated(t *testing.T) {
	tracer := start(t, telemetry.Config{}).Tracer("test")
	serve := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}
	process := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer)}
	none := t.Context()
	parent := telemetry.Extract(none, map[string][]string{"traceparent": {theirs}})
	for name, work := range map[string]func(){
		"traced call":       func() { _, span := tracer.Start(parent, "serve", serve...); span.End() },
		"message":           func() { _, span := tracer.Start(none, "process", process...); span.End() },
		"child of a caller": func() { _, span := telemetry.Child(parent, "a", "child"); telemetry.Fail(span, nil, ""); span.End() },
		"child of nothing":  func() { _, span := telemetry.Child(none, "a", "child"); span.End() },
	} {
		if got := testing.AllocsPerRun(100, work); got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

func TestTraceparentIsKeptForLater(t *testing.T) {
	t.Parallel()
	ctx := telemetry.Extract(t.Context(), map[string][]string{"TraceParent": {theirs}})
	kept := telemetry.Traceparent(ctx)
	later, link := telemetry.WithTraceparent(t.Context(), kept)
	if kept != theirs || trace.SpanContextFromContext(later).TraceID() != trace.SpanContextFromContext(ctx).TraceID() || !link.SpanContext.IsRemote() {
		t.Errorf("kept %q, found %v", kept, link.SpanContext)
	}
	for _, text := range []string{"", "nonsense"} {
		if later, link := telemetry.WithTraceparent(t.Context(), text); later != t.Context() || link.SpanContext.IsValid() {
			t.Errorf("%q leads somewhere", text)
		}
	}
}

func TestElsewhereTellsNothingButWhetherItIsSampled(t *testing.T) {
	t.Parallel()
	ctx := telemetry.Extract(t.Context(), map[string][]string{"traceparent": {theirs}})
	mine, other, again := trace.SpanContextFromContext(ctx), telemetry.Elsewhere(ctx), telemetry.Elsewhere(ctx)
	if other.TraceID() == mine.TraceID() || other.SpanID() == mine.SpanID() || !other.IsSampled() || again.TraceID() == other.TraceID() {
		t.Errorf("%v and %v stand for %v", other, again, mine)
	}
	if telemetry.Elsewhere(t.Context()).IsSampled() {
		t.Error("nothing is sampled there either")
	}
}

func TestWithoutLeavesTheOtherHeaders(t *testing.T) {
	t.Parallel()
	given := map[string][]string{"TraceParent": {theirs}, "tracestate": {"v=1"}, "A": {"b"}}
	if got := telemetry.Without(given); len(got) != 1 || got["A"][0] != "b" || len(given) != 3 {
		t.Errorf("of %v is left %v", given, got)
	}
}

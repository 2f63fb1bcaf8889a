package telemetry_test

import (
	"bytes"
	"log/slog"
	"reflect"
	"testing"
	"testing/slogtest"

	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/telemetry"
)

func TestLogger(t *testing.T) {
	t.Parallel()

	t.Run("IsASlogHandler", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		handler := start(t, telemetry.Config{LogOutput: &out}).Logger("targets").Handler()
		if err := slogtest.TestHandler(handler, func() []map[string]any { return decode(t, out.String()) }); err != nil {
			t.Error(err)
		}
	})

	t.Run("LineOfASpanCarriesItsIDsAtTheTop", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		running := start(t, telemetry.Config{Service: "targets", LogOutput: &out})
		ctx, span := running.Tracer("test").Start(t.Context(), "span", trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		want := map[string]any{
			"level": "INFO", "msg": "m", "service": "targets", "component": "store",
			"trace_id": span.SpanContext().TraceID().String(), "span_id": span.SpanContext().SpanID().String(),
		}

		log := running.Logger("store")
		log.InfoContext(ctx, "m", "a", "1")
		wantLogged(t, &out, want, map[string]any{"a": "1"})

		log.With("a", "1").WithGroup("").With("b", "2").InfoContext(ctx, "m")
		wantLogged(t, &out, want, map[string]any{"a": "1", "b": "2"})

		log.With("a", "1").WithGroup("g").With("b", "2").WithGroup("h").InfoContext(ctx, "m", "c", "3")
		wantLogged(t, &out, want, map[string]any{
			"a": "1", "g": map[string]any{"b": "2", "h": map[string]any{"c": "3"}},
		})
	})

	t.Run("GroupsOfOneParentAreApart", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		running := start(t, telemetry.Config{LogOutput: &out})
		ctx, span := running.Tracer("test").Start(t.Context(), "span", trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		parent := running.Logger("store").WithGroup("g").With("a", "1")
		first, second := parent.With("b", "first"), parent.With("b", "second")
		first.InfoContext(ctx, "m")
		second.InfoContext(ctx, "m")
		for i, line := range decode(t, out.String()) {
			want := map[string]any{"a": "1", "b": []string{"first", "second"}[i]}
			if !reflect.DeepEqual(line["g"], want) {
				t.Errorf("line %d has %v, want %v", i, line["g"], want)
			}
		}
	})

	t.Run("LineWithoutASpanHasNoIDs", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		start(t, telemetry.Config{LogOutput: &out}).Logger("store").InfoContext(t.Context(), "m")
		wantLogged(t, &out, map[string]any{"level": "INFO", "msg": "m", "component": "store"}, nil)
	})

	t.Run("LevelIsConfigured", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		log := start(t, telemetry.Config{LogOutput: &out, LogLevel: slog.LevelWarn}).Logger("store")
		log.Info("quiet")
		if out.Len() != 0 || log.Enabled(t.Context(), slog.LevelInfo) {
			t.Errorf("logged %s", out.String())
		}
		log.Warn("loud")
		if out.Len() == 0 {
			t.Error("a warning is not logged")
		}
	})
}

// wantLogged compares the one line in out, but for its time, with want and
// more, and empties out.
func wantLogged(t *testing.T, out *bytes.Buffer, want, more map[string]any) {
	t.Helper()
	lines := decode(t, out.String())
	out.Reset()
	if len(lines) != 1 {
		t.Fatalf("logged %d lines", len(lines))
	}
	delete(lines[0], "time")
	all := map[string]any{}
	for _, part := range []map[string]any{want, more} {
		for key, value := range part {
			all[key] = value
		}
	}
	if !reflect.DeepEqual(lines[0], all) {
		t.Errorf("logged %v, want %v", lines[0], all)
	}
}

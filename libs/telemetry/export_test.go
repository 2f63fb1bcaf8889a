package telemetry_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/telemetry/telemetrytest"
)

// work makes a span and a metric and sends them.
func work(t *testing.T, config telemetry.Config) {
	t.Helper()
	running, err := telemetry.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	_, span := running.Tracer("test").Start(t.Context(), "the span")
	span.End()
	count(t, running, "test", "the.metric")
	if err := running.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestExport(t *testing.T) {
	t.Parallel()

	t.Run("ShutdownSendsWhatIsLeft", func(t *testing.T) {
		t.Parallel()
		c := telemetrytest.NewCollector(t)
		work(t, telemetry.Config{Endpoint: c.URL()})
		if spans := c.Spans(); len(spans) != 1 || spans[0].Name != "the span" || !slices.Contains(c.Metrics(), "the.metric") {
			t.Errorf("collected spans %v and metrics %q", spans, c.Metrics())
		}
	})

	t.Run("SignalsCanGoApart", func(t *testing.T) {
		t.Parallel()
		traces, metrics := telemetrytest.NewCollector(t), telemetrytest.NewCollector(t)
		work(t, telemetry.Config{TracesEndpoint: traces.URL(), MetricsEndpoint: metrics.URL()})
		if len(traces.Spans()) != 1 || len(traces.Metrics()) != 0 || len(metrics.Spans()) != 0 || len(metrics.Metrics()) == 0 {
			t.Errorf("collected %v, %q at one and %v, %q at the other", traces.Spans(), traces.Metrics(), metrics.Spans(), metrics.Metrics())
		}
	})

	t.Run("CollectorThatIsAwayStopsNobody", func(t *testing.T) {
		t.Parallel()
		running, err := telemetry.Start(t.Context(), telemetry.Config{Endpoint: "http://127.0.0.1:1"})
		if err != nil {
			t.Fatal(err)
		}
		_, span := running.Tracer("test").Start(t.Context(), "lost")
		span.End()
		brief, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := running.Shutdown(brief); err == nil {
			t.Error("Shutdown = nil, though nothing was sent")
		}
	})
}

func TestBareAddressIsAnEndpointToo(t *testing.T) {
	c := telemetrytest.NewCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_INSECURE", "true") // a bare address says nothing about TLS
	work(t, telemetry.Config{Endpoint: c.Address})
	if len(c.Spans()) != 1 || len(c.Metrics()) == 0 {
		t.Errorf("collected spans %v and metrics %q", c.Spans(), c.Metrics())
	}
}

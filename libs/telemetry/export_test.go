package telemetry_test

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"

	"github.com/actionplane/actionplane/libs/telemetry"
)

// collector is an OTLP collector that keeps the names it was sent.
type collector struct {
	tracepb.UnimplementedTraceServiceServer

	mu      sync.Mutex
	spans   []string
	metrics []string
}

// Export implements tracepb.TraceServiceServer.
func (c *collector) Export(_ context.Context, r *tracepb.ExportTraceServiceRequest) (*tracepb.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range r.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans = append(c.spans, span.GetName())
			}
		}
	}
	return &tracepb.ExportTraceServiceResponse{}, nil
}

// metricsCollector is the same collector under the other service's Export.
type metricsCollector struct {
	metricspb.UnimplementedMetricsServiceServer
	*collector
}

// Export implements metricspb.MetricsServiceServer.
func (c metricsCollector) Export(_ context.Context, r *metricspb.ExportMetricsServiceRequest) (*metricspb.ExportMetricsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range r.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, metric := range scope.GetMetrics() {
				c.metrics = append(c.metrics, metric.GetName())
			}
		}
	}
	return &metricspb.ExportMetricsServiceResponse{}, nil
}

// newCollector serves a collector until the test ends.
func newCollector(t *testing.T) (c *collector, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c = &collector{}
	server := grpc.NewServer()
	tracepb.RegisterTraceServiceServer(server, c)
	metricspb.RegisterMetricsServiceServer(server, metricsCollector{collector: c})
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(listener); err != nil {
			t.Errorf("serve collector: %v", err)
		}
	})
	t.Cleanup(func() {
		server.GracefulStop()
		serving.Wait()
	})
	return c, listener.Addr().String()
}

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
		c, address := newCollector(t)
		work(t, telemetry.Config{Endpoint: "http://" + address})
		if !slices.Contains(c.spans, "the span") || !slices.Contains(c.metrics, "the.metric") {
			t.Errorf("collected spans %q and metrics %q", c.spans, c.metrics)
		}
	})

	t.Run("SignalsCanGoApart", func(t *testing.T) {
		t.Parallel()
		traces, tracesAddress := newCollector(t)
		metrics, metricsAddress := newCollector(t)
		work(t, telemetry.Config{TracesEndpoint: "http://" + tracesAddress, MetricsEndpoint: "http://" + metricsAddress})
		if len(traces.spans) != 1 || len(traces.metrics) != 0 || len(metrics.spans) != 0 || len(metrics.metrics) == 0 {
			t.Errorf("collected %q, %q at one and %q, %q at the other", traces.spans, traces.metrics, metrics.spans, metrics.metrics)
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
	c, address := newCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_INSECURE", "true") // a bare address says nothing about TLS
	work(t, telemetry.Config{Endpoint: address})
	if len(c.spans) != 1 || len(c.metrics) == 0 {
		t.Errorf("collected spans %q and metrics %q", c.spans, c.metrics)
	}
}

// Package telemetrytest is the other side of telemetry in tests: an OTLP
// collector that is asked what it was sent.
package telemetrytest

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"

	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"

	"github.com/actionplane/actionplane/libs/telemetry"
)

// Collector is an OTLP collector over gRPC that keeps what it gets until its
// test ends.
type Collector struct {
	tracepb.UnimplementedTraceServiceServer

	// Address is host:port.
	Address string

	mu      sync.Mutex
	spans   []Span
	metrics []string
}

// NewCollector serves a collector until the test ends.
func NewCollector(t testing.TB) *Collector {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &Collector{Address: listener.Addr().String()}
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
		server.Stop()
		serving.Wait()
	})
	return c
}

// Start returns a Telemetry that sends to a collector of its own, and stop,
// after which the collector has what there was.
func Start(t testing.TB, service string) (running *telemetry.Telemetry, c *Collector, stop func()) {
	t.Helper()
	c = NewCollector(t)
	running, err := telemetry.Start(t.Context(), telemetry.Config{Service: service, Endpoint: c.URL()})
	if err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		if err := running.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("Shutdown = %v", err)
		}
	})
	t.Cleanup(stop)
	return running, c, stop
}

// URL is the value for OTEL_EXPORTER_OTLP_ENDPOINT.
func (c *Collector) URL() string { return "http://" + c.Address }

// Export implements tracepb.TraceServiceServer.
func (c *Collector) Export(_ context.Context, r *tracepb.ExportTraceServiceRequest) (*tracepb.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range r.GetResourceSpans() {
		service := text(resource.GetResource().GetAttributes(), "service.name")
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans = append(c.spans, spanOf(service, span))
			}
		}
	}
	return &tracepb.ExportTraceServiceResponse{}, nil
}

// Spans returns what was sent so far, in the order of their beginnings.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := slices.Clone(c.spans)
	slices.SortStableFunc(all, func(a, b Span) int { return a.Start.Compare(b.Start) })
	return all
}

// Metrics returns the names of metrics that were sent so far.
func (c *Collector) Metrics() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.metrics)
}

// metricsCollector is the same collector under the other service's Export.
type metricsCollector struct {
	metricspb.UnimplementedMetricsServiceServer
	collector *Collector
}

// Export implements metricspb.MetricsServiceServer.
func (m metricsCollector) Export(_ context.Context, r *metricspb.ExportMetricsServiceRequest) (*metricspb.ExportMetricsServiceResponse, error) {
	m.collector.mu.Lock()
	defer m.collector.mu.Unlock()
	for _, resource := range r.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, metric := range scope.GetMetrics() {
				m.collector.metrics = append(m.collector.metrics, metric.GetName())
			}
		}
	}
	return &metricspb.ExportMetricsServiceResponse{}, nil
}

package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"github.com/actionplane/actionplane/libs/ident"
)

// Telemetry is the telemetry of one process. It is safe for concurrent use. What
// makes metrics with a nil one makes some that are kept nowhere.
type Telemetry struct {
	tracers  trace.TracerProvider
	meters   metric.MeterProvider
	registry *prometheus.Registry
	logs     slog.Handler
	shutdown []func(context.Context) error

	logSuccesses int
	metricLabels int
}

// Start returns a running Telemetry; with a collector configured it exports in
// the background until Shutdown. A collector that is away is no error, a
// malformed setting is. ctx bounds the start only.
func Start(ctx context.Context, config Config) (*Telemetry, error) {
	described, err := describe(ctx, config)
	if err != nil {
		return nil, err
	}
	t := &Telemetry{
		registry: prometheus.NewRegistry(), logs: newLogHandler(config),
		logSuccesses: config.LogSuccesses, metricLabels: config.MetricLabels,
	}
	t.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := t.startTraces(ctx, config, described); err != nil {
		return nil, errors.Join(fmt.Errorf("start traces: %w", err), t.Shutdown(ctx))
	}
	if err := t.startMetrics(ctx, config, described); err != nil {
		return nil, errors.Join(fmt.Errorf("start metrics: %w", err), t.Shutdown(ctx))
	}
	return t, nil
}

// Nop returns a Telemetry that keeps nothing, for tests.
func Nop() *Telemetry {
	return &Telemetry{
		tracers:  tracenoop.NewTracerProvider(),
		meters:   metricnoop.NewMeterProvider(),
		registry: prometheus.NewRegistry(),
		logs:     slog.DiscardHandler,
	}
}

// describe returns the attributes of the process. The environment comes last
// and wins: it is the operator's.
func describe(ctx context.Context, config Config) (*resource.Resource, error) {
	r, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithHost(),
		resource.WithAttributes(
			semconv.ServiceName(config.Service),
			semconv.ServiceVersion(config.Version),
			semconv.ServiceInstanceID(ident.NewUUID()),
		),
		resource.WithFromEnv(),
	)
	if err != nil {
		return nil, fmt.Errorf("read telemetry resource: %w", err)
	}
	return r, nil
}

// Tracer returns the tracer of the named component.
func (t *Telemetry) Tracer(name string) trace.Tracer { return t.tracers.Tracer(name) }

// Meter returns the meter of the named component. Components that make the
// same instrument under the same name share it.
func (t *Telemetry) Meter(name string) metric.Meter {
	if t == nil {
		return metricnoop.Meter{}
	}
	return t.meters.Meter(name)
}

// TracerProvider is for the instrumentation of other libraries.
func (t *Telemetry) TracerProvider() trace.TracerProvider { return t.tracers }

// MeterProvider is for the instrumentation of other libraries.
func (t *Telemetry) MeterProvider() metric.MeterProvider { return t.meters }

// MetricLabels is how many tenants, and how many targets, may have series of
// their own: the limit of PerTenant and PerTarget.
func (t *Telemetry) MetricLabels() int {
	if t == nil {
		return 0
	}
	return t.metricLabels
}

// Propagator reads and writes W3C trace context. Baggage is left out: it would
// carry internals to targets that are not ours.
func (t *Telemetry) Propagator() propagation.TextMapPropagator { return propagation.TraceContext{} }

// Logger returns the logger of the named component.
func (t *Telemetry) Logger(name string) *slog.Logger {
	return slog.New(t.logs).With("component", name)
}

// MetricsHandler serves all metrics of the process to Prometheus.
func (t *Telemetry) MetricsHandler() http.Handler {
	return promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{EnableOpenMetrics: true}) // which has exemplars
}

// Shutdown sends what is left and stops exporting. With a collector that is
// away it takes until ctx is done, so give it a deadline of some seconds; when
// ctx is done already, nothing is sent and exporters may go on in the
// background. Traces and metrics shut down side by side, so that one cannot use
// up the time of the other.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	problems := make([]error, len(t.shutdown))
	var stopping sync.WaitGroup
	for i, stop := range t.shutdown {
		stopping.Go(func() { problems[i] = stop(ctx) })
	}
	stopping.Wait()
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("shut down telemetry: %w", err)
	}
	return nil
}

func newLogHandler(config Config) slog.Handler {
	output := config.LogOutput
	if output == nil {
		output = os.Stderr
	}
	lines := slog.NewJSONHandler(output, &slog.HandlerOptions{Level: config.LogLevel})
	if config.Service == "" {
		return newTraceHandler(lines)
	}
	return newTraceHandler(lines.WithAttrs([]slog.Attr{slog.String("service", config.Service)}))
}

package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// startTraces makes the tracer provider. Without a collector spans are made
// all the same, so that logs and neighbours have trace ids.
func (t *Telemetry) startTraces(ctx context.Context, config Config, described *resource.Resource) error {
	options := []sdktrace.TracerProviderOption{sdktrace.WithResource(described)}
	if endpoint := config.traces(); endpoint != "" {
		exporter, err := otlptracegrpc.New(ctx, traceEndpoint(endpoint))
		if err != nil {
			return err
		}
		options = append(options, sdktrace.WithBatcher(exporter))
	}
	provider := sdktrace.NewTracerProvider(options...)
	t.tracers = provider
	t.shutdown = append(t.shutdown, provider.Shutdown)
	return nil
}

func traceEndpoint(endpoint string) otlptracegrpc.Option {
	if isURL(endpoint) {
		return otlptracegrpc.WithEndpointURL(endpoint)
	}
	return otlptracegrpc.WithEndpoint(endpoint)
}

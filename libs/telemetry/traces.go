package telemetry

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// startTraces makes the tracer provider. Without a collector there is nobody to
// record for, see unheard.
func (t *Telemetry) startTraces(ctx context.Context, config Config, described *resource.Resource) error {
	resource := sdktrace.WithResource(described)
	endpoint := config.traces()
	if endpoint == "" {
		t.tracers = unheard{}
		return nil
	}
	exporter, err := otlptracegrpc.New(ctx, traceEndpoint(endpoint))
	if err != nil {
		return err
	}
	provider := sdktrace.NewTracerProvider(resource, sdktrace.WithBatcher(exporter))
	t.tracers = provider
	t.shutdown = append(t.shutdown, func(ctx context.Context) error {
		err := provider.Shutdown(ctx)
		if err != nil {
			// Out of time, the provider leaves its exporter trying in the background.
			err = errors.Join(err, exporter.Shutdown(ctx))
		}
		return err
	})
	return nil
}

func traceEndpoint(endpoint string) otlptracegrpc.Option {
	if isURL(endpoint) {
		return otlptracegrpc.WithEndpointURL(endpoint)
	}
	return otlptracegrpc.WithEndpoint(endpoint)
}

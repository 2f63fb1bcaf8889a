package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/resource"
)

// startMetrics makes the meter provider. Its registry is the process's own, so
// that a second Telemetry, in a test say, does not collide with the first.
func (t *Telemetry) startMetrics(ctx context.Context, config Config, described *resource.Resource) error {
	scraped, err := otelprometheus.New(otelprometheus.WithRegisterer(t.registry))
	if err != nil {
		return err
	}
	options := []sdkmetric.Option{
		sdkmetric.WithResource(described), sdkmetric.WithReader(scraped), sdkmetric.WithCardinalityLimit(cardinality(config.MetricLabels)),
	}
	if config.traces() == "" { // an exemplar would name a trace that is nowhere
		options = append(options, sdkmetric.WithExemplarFilter(exemplar.AlwaysOffFilter))
	}
	if endpoint := config.metrics(); endpoint != "" {
		exporter, err := otlpmetricgrpc.New(ctx, metricEndpoint(endpoint))
		if err != nil {
			return err
		}
		options = append(options, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)))
	}
	provider := sdkmetric.NewMeterProvider(options...)
	t.meters = provider
	t.shutdown = append(t.shutdown, provider.Shutdown)
	return nil
}

// cardinality bounds the series of one metric, whatever those who record do: a
// backstop above what PerTarget lets through with the few outcomes there are.
// What is beyond has the attribute otel.metric.overflow.
func cardinality(labels int) int { return 1000 + 16*labels }

func metricEndpoint(endpoint string) otlpmetricgrpc.Option {
	if isURL(endpoint) {
		return otlpmetricgrpc.WithEndpointURL(endpoint)
	}
	return otlpmetricgrpc.WithEndpoint(endpoint)
}

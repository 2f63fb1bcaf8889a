// Package telemetry is what a process says about itself: traces, metrics and
// logs.
//
// Metrics can always be scraped from MetricsHandler. Where the standard
// variable OTEL_EXPORTER_OTLP_ENDPOINT is set, traces and metrics are pushed
// there too, by OTLP over gRPC; the other standard variables (headers,
// certificates, sampler, batch sizes, export interval, OTEL_SERVICE_NAME,
// OTEL_RESOURCE_ATTRIBUTES) mean what OpenTelemetry's specification says. Logs
// are JSON lines that carry the ids of the trace they belong to.
//
// Nothing here touches OpenTelemetry's globals: a process makes one Telemetry
// and hands it to its services, so that several services in one process share
// one metrics endpoint and tests share nothing.
package telemetry

package telemetry

import (
	"cmp"
	"io"
	"log/slog"
	"strings"
)

// Config says who the process is and where its telemetry goes. Zero values are
// fit for use. The tags are those of package config.
type Config struct {
	Service string // name of the program; OTEL_SERVICE_NAME overrides it
	Version string // of the program

	LogLevel slog.Level `env:"ACTIONPLANE_LOG_LEVEL" doc:"least severe level that is logged: DEBUG, INFO, WARN or ERROR"`

	Endpoint        string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" doc:"OTLP collector (gRPC) for traces and metrics, e.g. http://localhost:4317; unset: only /metrics"`
	TracesEndpoint  string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" doc:"OTLP collector for traces, if another one"`
	MetricsEndpoint string `env:"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" doc:"OTLP collector for metrics, if another one"`

	LogOutput io.Writer // os.Stderr when nil
}

func (c Config) traces() string { return cmp.Or(c.TracesEndpoint, c.Endpoint) }

func (c Config) metrics() string { return cmp.Or(c.MetricsEndpoint, c.Endpoint) }

// isURL tells the specification's form from the bare host:port that collectors
// are often given by; the exporters have an option for each.
func isURL(endpoint string) bool { return strings.Contains(endpoint, "://") }

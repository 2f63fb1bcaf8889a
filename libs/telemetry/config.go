package telemetry

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// The defaults of what has one other than zero.
const (
	DefaultLogSuccesses = 100
	DefaultMetricLabels = 100
)

// Config says who the process is and where its telemetry goes. Zero values are
// fit for use. The tags are those of package config.
type Config struct {
	Service string // name of the program; OTEL_SERVICE_NAME overrides it
	Version string // of the program

	LogLevel     slog.Level `env:"ACTIONPLANE_LOG_LEVEL" doc:"least severe level that is logged: DEBUG, INFO, WARN or ERROR"`
	LogSuccesses int        `env:"ACTIONPLANE_LOG_SUCCESSES" doc:"lines a second that each kind of thing that went well may log (attempts, runs, invocations, calls at the edge); those beyond are told as a number by the next line; what failed is always logged; 0: none"`

	MetricLabels int `env:"ACTIONPLANE_METRIC_LABELS" doc:"how many tenants, and how many targets, of one process have series of their own in its metrics; later ones are counted as other"`

	Endpoint        string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" doc:"OTLP collector (gRPC) for traces and metrics, e.g. http://localhost:4317; unset: only /metrics"`
	TracesEndpoint  string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" doc:"OTLP collector for traces, if another one"`
	MetricsEndpoint string `env:"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" doc:"OTLP collector for metrics, if another one"`

	LogOutput io.Writer // os.Stderr when nil
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	var problems []error
	if c.LogSuccesses < 0 {
		problems = append(problems, errors.New("ACTIONPLANE_LOG_SUCCESSES must not be negative"))
	}
	if c.MetricLabels < 0 || c.MetricLabels > maxMetricLabels {
		problems = append(problems, fmt.Errorf("ACTIONPLANE_METRIC_LABELS must be 0 to %d", maxMetricLabels))
	}
	return errors.Join(problems...)
}

// maxMetricLabels keeps a mistake from becoming millions of series.
const maxMetricLabels = 10_000

func (c Config) traces() string { return cmp.Or(c.TracesEndpoint, c.Endpoint) }

func (c Config) metrics() string { return cmp.Or(c.MetricsEndpoint, c.Endpoint) }

// isURL tells the specification's form from the bare host:port that collectors
// are often given by; the exporters have an option for each.
func isURL(endpoint string) bool { return strings.Contains(endpoint, "://") }

package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/telemetry"
)

// Config is what every process honours.
type Config struct {
	DatabaseURL config.Secret `env:"DATABASE_URL" doc:"Postgres; {service} in it stands for the service's name, which is its role"`
	RedisURL    config.Secret `env:"REDIS_URL" doc:"Redis; away means slower, never wrong"`
	NATSURL     config.Secret `env:"NATS_URL" doc:"NATS servers, comma separated"`

	NATSReplicas int           `env:"ACTIONPLANE_STREAM_REPLICAS" doc:"replicas of every JetStream stream"`
	MaxConns     int           `env:"ACTIONPLANE_DATABASE_CONNECTIONS" doc:"most Postgres connections of one service in one process"`
	OpsAddr      string        `env:"ACTIONPLANE_OPS_ADDR" doc:"listener of /healthz, /readyz and /metrics; \"off\": none of its own"`
	StartTimeout time.Duration `env:"ACTIONPLANE_START_TIMEOUT" doc:"how long to wait for Postgres and NATS to come up"`
	DrainTimeout time.Duration `env:"ACTIONPLANE_DRAIN_TIMEOUT" doc:"how long a stopping process may finish what it holds"`

	GCPercent int `env:"ACTIONPLANE_GC_PERCENT" doc:"by how much the heap grows, in percent of what is in use, before garbage is collected; GOGC wins"`
	GCMemory  int `env:"ACTIONPLANE_GC_MEMORY" doc:"MiB of memory from which on garbage is collected sooner than that; GOMEMLIMIT wins"`

	Telemetry telemetry.Config
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		NATSReplicas: 1,
		MaxConns:     6,
		OpsAddr:      "127.0.0.1:0",
		StartTimeout: time.Minute,
		DrainTimeout: 25 * time.Second,
		GCPercent:    400,
		GCMemory:     1024,
		Telemetry:    telemetry.Config{LogSuccesses: telemetry.DefaultLogSuccesses, MetricLabels: telemetry.DefaultMetricLabels},
	}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	problems := []error{c.Telemetry.Validate()}
	if c.NATSReplicas < 1 || c.NATSReplicas > 5 {
		problems = append(problems, errors.New("ACTIONPLANE_STREAM_REPLICAS must be 1 to 5"))
	}
	if c.MaxConns < 2 {
		problems = append(problems, errors.New("ACTIONPLANE_DATABASE_CONNECTIONS must be at least 2"))
	}
	if c.StartTimeout <= 0 || c.DrainTimeout <= 0 {
		problems = append(problems, errors.New("ACTIONPLANE_START_TIMEOUT and ACTIONPLANE_DRAIN_TIMEOUT must be positive"))
	}
	if c.GCPercent < 10 || c.GCPercent > 10_000 {
		problems = append(problems, errors.New("ACTIONPLANE_GC_PERCENT must be 10 to 10000"))
	}
	if c.GCMemory < 64 {
		problems = append(problems, errors.New("ACTIONPLANE_GC_MEMORY must be at least 64"))
	}
	return errors.Join(problems...)
}

// missing names the stores that the units need and nobody has named.
func (c Config) missing(s Settings, units []Unit) error {
	var problems []error
	for _, u := range units {
		if u.needs[WithDatabase] && s.Database == nil && c.DatabaseURL.IsZero() {
			problems = append(problems, fmt.Errorf("%s: DATABASE_URL is not set", u.name))
		}
	}
	if s.NATS == nil && c.NATSURL.IsZero() {
		problems = append(problems, errors.New("NATS_URL is not set"))
	}
	return errors.Join(problems...)
}

// Settings are what a process may use instead of outside servers.
type Settings struct {
	// Lookup reads a configuration variable, as os.LookupEnv does.
	Lookup func(string) (string, bool)
	// Environ are all variables, as os.Environ returns them: those that nobody
	// reads are logged.
	Environ []string
	// NATS, when set, is a server in this process, used in place of NATS_URL.
	NATS nats.InProcessConnProvider
	// Database, when set, returns a service's Postgres URL in place of
	// DATABASE_URL.
	Database func(ctx context.Context, service string) (string, error)
}

// databaseURL returns where a service keeps its tables.
func (s Settings) databaseURL(ctx context.Context, cfg Config, service string) (string, error) {
	if s.Database != nil {
		return s.Database(ctx, service)
	}
	return strings.ReplaceAll(cfg.DatabaseURL.Reveal(), "{service}", service), nil
}

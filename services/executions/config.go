package executions

import (
	"errors"
	"time"
)

// Config is what an operator may set.
type Config struct {
	StrictConditions bool          `env:"ACTIONPLANE_STRICT_CONDITIONS" doc:"refuse conditions on methods, services and functions that nobody has announced"`
	EventsMaxAge     time.Duration `env:"ACTIONPLANE_EVENTS_MAX_AGE" doc:"how long an event waits to be resolved before it is given up"`
	EventsMaxBytes   int64         `env:"ACTIONPLANE_EVENTS_MAX_BYTES" doc:"most bytes of waiting events; beyond, publishers are refused; 0: no limit"`
	EventWorkers     int           `env:"ACTIONPLANE_EVENT_WORKERS" doc:"events that one replica resolves at once"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{EventsMaxAge: 7 * 24 * time.Hour, EventWorkers: 64}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	var problems []error
	if c.EventsMaxAge <= 0 {
		problems = append(problems, errors.New("ACTIONPLANE_EVENTS_MAX_AGE must be positive"))
	}
	if c.EventsMaxBytes < 0 {
		problems = append(problems, errors.New("ACTIONPLANE_EVENTS_MAX_BYTES must not be negative"))
	}
	if c.EventWorkers < 1 || c.EventWorkers > 4096 {
		problems = append(problems, errors.New("ACTIONPLANE_EVENT_WORKERS must be 1 to 4096"))
	}
	return errors.Join(problems...)
}

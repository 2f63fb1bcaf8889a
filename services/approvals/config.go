package approvals

import (
	"errors"
	"time"
)

// Config is how approvals treats its neighbours.
type Config struct {
	AccessTimeout time.Duration `env:"ACTIONPLANE_APPROVALS_ACCESS_TIMEOUT" doc:"how long access may take to count an organization's reviewers"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config{AccessTimeout: 2 * time.Second} }

// Validate reports every problem at once.
func (c Config) Validate() error {
	if c.AccessTimeout <= 0 {
		return errors.New("ACTIONPLANE_APPROVALS_ACCESS_TIMEOUT must be positive")
	}
	return nil
}

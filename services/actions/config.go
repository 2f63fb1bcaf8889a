package actions

import (
	"errors"
	"time"
)

// Config is what can be set.
type Config struct {
	DefaultPage     uint32        `env:"ACTIONS_DEFAULT_PAGE" doc:"actions on a page whose request names no limit"`
	MaxPage         uint32        `env:"ACTIONS_MAX_PAGE" doc:"largest limit a request may name"`
	AnnounceTimeout time.Duration `env:"ACTIONS_ANNOUNCE_TIMEOUT" doc:"how long an answer waits for its change to be on the feed"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{DefaultPage: 100, MaxPage: 1000, AnnounceTimeout: 500 * time.Millisecond}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	var problems []error
	if c.DefaultPage < 1 || c.DefaultPage > c.MaxPage {
		problems = append(problems, errors.New("ACTIONS_DEFAULT_PAGE must be 1 to ACTIONS_MAX_PAGE"))
	}
	if c.AnnounceTimeout <= 0 {
		problems = append(problems, errors.New("ACTIONS_ANNOUNCE_TIMEOUT must be positive"))
	}
	return errors.Join(problems...)
}

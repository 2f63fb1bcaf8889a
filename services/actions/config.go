package actions

import (
	"errors"
	"fmt"
	"time"
)

// mostPage bounds what can be set; an answer has to fit into memory.
const mostPage = 10_000

// Config is what can be set.
type Config struct {
	DefaultPage     int           `env:"ACTIONS_DEFAULT_PAGE" doc:"actions on a page whose request names no limit"`
	MaxPage         int           `env:"ACTIONS_MAX_PAGE" doc:"largest limit a request may name"`
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
	if c.MaxPage > mostPage {
		problems = append(problems, fmt.Errorf("ACTIONS_MAX_PAGE must be at most %d", mostPage))
	}
	if c.AnnounceTimeout <= 0 {
		problems = append(problems, errors.New("ACTIONS_ANNOUNCE_TIMEOUT must be positive"))
	}
	return errors.Join(problems...)
}

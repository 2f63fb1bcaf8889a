package scripts

import (
	"errors"
	"time"

	"github.com/actionplane/actionplane/libs/egress"
)

// Config is what an operator may set.
type Config struct {
	Workers     int              `env:"ACTIONPLANE_SCRIPT_WORKERS" doc:"worker processes, each running one script at a time; 0: two per CPU"`
	MaxMemory   int64            `env:"ACTIONPLANE_SCRIPT_MEMORY" doc:"bytes of heap that a script may come to"`
	Grace       time.Duration    `env:"ACTIONPLANE_SCRIPT_GRACE" doc:"what a script may overrun its time before its worker is killed"`
	EgressAllow egress.AllowList `env:"ACTIONPLANE_EGRESS_ALLOW" doc:"CIDRs, addresses and host names that scripts may reach although they are private, comma separated"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{MaxMemory: 128 << 20, Grace: 250 * time.Millisecond}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	var problems []error
	if c.Workers < 0 || c.Workers > 1024 {
		problems = append(problems, errors.New("ACTIONPLANE_SCRIPT_WORKERS must be 0 to 1024"))
	}
	if c.MaxMemory < 16<<20 {
		problems = append(problems, errors.New("ACTIONPLANE_SCRIPT_MEMORY must be at least 16777216"))
	}
	if c.Grace <= 0 {
		problems = append(problems, errors.New("ACTIONPLANE_SCRIPT_GRACE must be positive"))
	}
	return errors.Join(problems...)
}

package targets

import (
	"fmt"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/services/targets/internal/secret"
)

// Config is what an operator may set.
type Config struct {
	MasterKey config.Secret `env:"ACTIONPLANE_MASTER_KEY" doc:"encrypts secrets at rest: at least 16 characters, random, the same for every replica and for ever"`
}

// DefaultConfig returns the defaults. There is none for the master key.
func DefaultConfig() Config { return Config{} }

// Validate reports every problem at once.
func (c Config) Validate() error {
	if len(c.MasterKey.Reveal()) < secret.MinMasterKey {
		return fmt.Errorf("ACTIONPLANE_MASTER_KEY must be at least %d characters", secret.MinMasterKey)
	}
	return nil
}

package actions

import (
	"errors"
	"fmt"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/services/actions/internal/secret"
)

// mostPage bounds what can be set; an answer has to fit into memory.
const mostPage = 10_000

// Config is what can be set.
type Config struct {
	MasterKey config.Secret `env:"ACTIONPLANE_MASTER_KEY" doc:"encrypts secrets at rest: at least 16 characters, random, the same for every replica and for ever"`

	DefaultPage            int           `env:"ACTIONS_DEFAULT_PAGE" doc:"actions on a page whose request names no limit"`
	MaxPage                int           `env:"ACTIONS_MAX_PAGE" doc:"largest limit a request may name"`
	MaxVersions            int           `env:"ACTIONS_MAX_VERSIONS" doc:"versions that are kept of an action, the published one among them; the oldest go first"`
	MaxActionSecrets       int           `env:"ACTIONS_MAX_SECRETS" doc:"most secrets of an action"`
	MaxOrganizationSecrets int           `env:"ACTIONS_MAX_ORGANIZATION_SECRETS" doc:"most secrets that all actions of an organization share"`
	MaxTriggerActions      int           `env:"ACTIONS_MAX_TRIGGER_ACTIONS" doc:"most actions of one trigger of a flow"`
	CheckTimeout           time.Duration `env:"ACTIONS_CHECK_TIMEOUT" doc:"how long saving a script waits for what looks wrong with it; 0s: nobody is asked"`
	AnnounceTimeout        time.Duration `env:"ACTIONS_ANNOUNCE_TIMEOUT" doc:"how long an answer waits for its change to be on the feed"`

	Door approval.Config
}

// DefaultConfig returns the defaults. There is none for the master key.
func DefaultConfig() Config {
	return Config{
		DefaultPage:            100,
		MaxPage:                1000,
		MaxVersions:            50,
		MaxActionSecrets:       30,
		MaxOrganizationSecrets: 100,
		MaxTriggerActions:      100,
		CheckTimeout:           300 * time.Millisecond,
		AnnounceTimeout:        500 * time.Millisecond,
		Door:                   approval.DefaultConfig(),
	}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	problems := []error{c.Door.Validate()}
	if len(c.MasterKey.Reveal()) < secret.MinMasterKey {
		problems = append(problems, fmt.Errorf("ACTIONPLANE_MASTER_KEY must be at least %d characters", secret.MinMasterKey))
	}
	for _, n := range []struct {
		name               string
		value, least, most int
	}{
		{"ACTIONS_DEFAULT_PAGE", c.DefaultPage, 1, c.MaxPage},
		{"ACTIONS_MAX_PAGE", c.MaxPage, 1, mostPage},
		{"ACTIONS_MAX_VERSIONS", c.MaxVersions, 2, 10_000},
		{"ACTIONS_MAX_SECRETS", c.MaxActionSecrets, 0, 1000},
		{"ACTIONS_MAX_ORGANIZATION_SECRETS", c.MaxOrganizationSecrets, 0, 1000},
		{"ACTIONS_MAX_TRIGGER_ACTIONS", c.MaxTriggerActions, 1, 1000},
	} {
		if n.value < n.least || n.value > n.most {
			problems = append(problems, fmt.Errorf("%s must be %d to %d", n.name, n.least, n.most))
		}
	}
	if c.CheckTimeout < 0 || c.CheckTimeout > 10*time.Second {
		problems = append(problems, errors.New("ACTIONS_CHECK_TIMEOUT must be 0s to 10s"))
	}
	if c.AnnounceTimeout <= 0 {
		problems = append(problems, errors.New("ACTIONS_ANNOUNCE_TIMEOUT must be positive"))
	}
	return errors.Join(problems...)
}

package targets

import (
	"errors"
	"fmt"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/services/targets/internal/registry"
	"github.com/actionplane/actionplane/services/targets/internal/secret"
	"github.com/actionplane/actionplane/services/targets/internal/settings"
)

// Config is what an operator may set.
type Config struct {
	MasterKey config.Secret `env:"ACTIONPLANE_MASTER_KEY" doc:"encrypts secrets at rest: at least 16 characters, random, the same for every replica and for ever"`

	MaxPage        int           `env:"ACTIONPLANE_TARGET_MAX_PAGE" doc:"most targets or public keys that a page of a search may have"`
	MaxPublicKeys  int           `env:"ACTIONPLANE_TARGET_MAX_PUBLIC_KEYS" doc:"most public keys of a target"`
	MaxSigningKeys int           `env:"ACTIONPLANE_TARGET_MAX_SIGNING_KEYS" doc:"most keys that sign for a target with one algorithm while rotations overlap"`
	MaxOverlap     time.Duration `env:"ACTIONPLANE_TARGET_MAX_OVERLAP" doc:"longest that a replaced signing key may go on signing; at most 168h"`
	MaxHeaders     int           `env:"ACTIONPLANE_TARGET_MAX_HEADERS" doc:"most custom headers of a target"`
	MaxEgressAllow int           `env:"ACTIONPLANE_TARGET_MAX_EGRESS_ALLOW" doc:"most private addresses and hosts that a target may be allowed by its settings; 0: none, ACTIONPLANE_EGRESS_ALLOW alone decides"`

	Door approval.Config
}

// DefaultConfig returns the defaults. There is none for the master key.
func DefaultConfig() Config {
	return Config{
		MaxPage:        1000,
		MaxPublicKeys:  20,
		MaxSigningKeys: 5,
		MaxOverlap:     7 * 24 * time.Hour,
		MaxHeaders:     32,
		MaxEgressAllow: 32,
		Door:           approval.DefaultConfig(),
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
		{"ACTIONPLANE_TARGET_MAX_PAGE", c.MaxPage, 1, 1000},
		{"ACTIONPLANE_TARGET_MAX_PUBLIC_KEYS", c.MaxPublicKeys, 1, 1000},
		{"ACTIONPLANE_TARGET_MAX_SIGNING_KEYS", c.MaxSigningKeys, 2, 100},
		{"ACTIONPLANE_TARGET_MAX_HEADERS", c.MaxHeaders, 0, 1000},
		{"ACTIONPLANE_TARGET_MAX_EGRESS_ALLOW", c.MaxEgressAllow, 0, 1000},
	} {
		if n.value < n.least || n.value > n.most {
			problems = append(problems, fmt.Errorf("%s must be %d to %d", n.name, n.least, n.most))
		}
	}
	if c.MaxOverlap < 0 || c.MaxOverlap > 7*24*time.Hour {
		problems = append(problems, errors.New("ACTIONPLANE_TARGET_MAX_OVERLAP must be 0s to 168h"))
	}
	return errors.Join(problems...)
}

// bounds is c as the registry wants it.
func (c Config) bounds() registry.Bounds {
	return registry.Bounds{
		Page:        uint32(c.MaxPage),
		PublicKeys:  c.MaxPublicKeys,
		SigningKeys: c.MaxSigningKeys,
		Overlap:     c.MaxOverlap,
		Settings:    settings.Bounds{Headers: c.MaxHeaders, EgressAllow: c.MaxEgressAllow},
	}
}

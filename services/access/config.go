package access

import (
	"errors"
	"strings"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/ident"
)

// Config is what the first start makes.
type Config struct {
	OrganizationID string        `env:"ACTIONPLANE_ORGANIZATION_ID" doc:"id of the first organization, a lower-case UUID; unset: made at the first start. It cannot be changed later"`
	AdminToken     config.Secret `env:"ACTIONPLANE_ADMIN_TOKEN" doc:"token of the first instance owner; changing it replaces the token at the next start. Only its SHA-256 is stored, so let it be long and random"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config{} }

// Validate reports every problem at once.
func (c Config) Validate() error {
	var problems []error
	if c.OrganizationID != "" && !ident.IsUUID(c.OrganizationID) {
		problems = append(problems, errors.New("ACTIONPLANE_ORGANIZATION_ID must be a lower-case UUID"))
	}
	if strings.ContainsFunc(c.AdminToken.Reveal(), unsendable) {
		problems = append(problems, errors.New("ACTIONPLANE_ADMIN_TOKEN must be printable ASCII without spaces, or no header can carry it"))
	}
	return errors.Join(problems...)
}

// unsendable reports whether a bearer token cannot hold r: often it is the
// newline at the end of the file that the token was read from.
func unsendable(r rune) bool { return r <= ' ' || r > '~' }

package embedded

import (
	"fmt"
	"path/filepath"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
)

// kept is a value that stands in the data directory unless somebody sets it.
type kept struct {
	variable, file, given string
	create                func() string
}

func (c Config) kept() []kept {
	return []kept{
		{"ACTIONPLANE_ADMIN_TOKEN", "admin.token", c.AdminToken.Reveal(), random("ap_")},
		{"ACTIONPLANE_MASTER_KEY", "master.key", c.MasterKey.Reveal(), random("")},
		{"ACTIONPLANE_ORGANIZATION_ID", "organization.id", c.OrganizationID, ident.NewUUID},
	}
}

// Made returns what Start would find or make where nobody has set it. It makes
// nothing: a value that is not there yet is only one of its kind.
func Made(c Config) (map[string]host.Made, error) {
	made := map[string]host.Made{}
	for _, k := range c.kept() {
		path := filepath.Join(c.DataDir, k.file)
		value, err := read(path)
		if err != nil {
			return nil, fmt.Errorf("ACTIONPLANE_DATA_DIR: %w", err)
		}
		m := host.Made{Value: value, Source: config.Source(path)}
		if value == "" {
			m = host.Made{Value: k.create(), Source: "made at the start", Pending: true}
		}
		made[k.variable] = m
	}
	return made, nil
}

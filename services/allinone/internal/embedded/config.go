package embedded

import (
	"errors"

	"github.com/actionplane/actionplane/libs/config"
)

// Config is what an operator may set; the variables of outside servers and
// secrets are those of every shape.
type Config struct {
	DataDir  string `env:"ACTIONPLANE_DATA_DIR" doc:"state of the embedded parts"`
	NATSAddr string `env:"ACTIONPLANE_NATS_ADDR" doc:"listener of the embedded NATS for services in other processes; its token is in nats.token; unset: none"`
	NATSSync bool   `env:"ACTIONPLANE_NATS_SYNC" doc:"write every message through to the disk before it is acknowledged: survives a power cut, costs most of the throughput"`

	EventsMaxBytes int64         `env:"ACTIONPLANE_EVENTS_MAX_BYTES" doc:"most bytes of waiting events; less where the embedded NATS has less of the disk"`
	DatabaseURL    config.Secret `env:"DATABASE_URL" doc:"unset: a private Postgres"`
	RedisURL       config.Secret `env:"REDIS_URL" doc:"unset: an in-process Redis"`
	NATSURL        config.Secret `env:"NATS_URL" doc:"unset: an embedded NATS server"`
	AdminToken     config.Secret `env:"ACTIONPLANE_ADMIN_TOKEN" doc:"unset: made once, kept in admin.token"`
	MasterKey      config.Secret `env:"ACTIONPLANE_MASTER_KEY" doc:"unset: made once, kept in master.key"`
	OrganizationID string        `env:"ACTIONPLANE_ORGANIZATION_ID" doc:"unset: made once, kept in organization.id"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config{DataDir: "./.data"} }

// Validate reports every problem at once.
func (c Config) Validate() error {
	if c.DataDir == "" {
		return errors.New("ACTIONPLANE_DATA_DIR is empty")
	}
	return nil
}

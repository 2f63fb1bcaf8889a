package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/libs/bus/busserver"
	"github.com/actionplane/actionplane/libs/cache/cacheserver"
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/pg/pgserver"
)

const stopTimeout = 20 * time.Second

// Parts are the embedded parts of one process.
type Parts struct {
	config   Config
	log      *slog.Logger
	values   map[string]string // variables that the parts decide
	nats     *busserver.Server
	database *pgserver.Server
	closers  []func() error
}

// Start brings up what the configuration does not find outside. ctx bounds the
// start.
func Start(ctx context.Context, cfg Config, log *slog.Logger) (*Parts, error) {
	release, err := claim(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	p := &Parts{config: cfg, log: log, values: map[string]string{}}
	p.onStop(func() error { release(); return nil })
	for _, start := range []func(context.Context) error{p.keepSecrets, p.startNATS, p.startRedis, p.startPostgres} {
		if err := start(ctx); err != nil {
			return nil, errors.Join(err, p.Stop())
		}
	}
	return p, nil
}

func (p *Parts) onStop(f func() error) { p.closers = append(p.closers, f) }

// Stop stops the parts, the last one first.
func (p *Parts) Stop() error {
	var problems []error
	for i := len(p.closers) - 1; i >= 0; i-- {
		problems = append(problems, p.closers[i]())
	}
	p.closers = nil
	return errors.Join(problems...)
}

// Settings returns what the services are to use: the parts, and for what is
// outside or not a part, lookup.
func (p *Parts) Settings(lookup func(string) (string, bool)) host.Settings {
	s := host.Settings{Lookup: func(name string) (string, bool) {
		if v, ok := p.values[name]; ok {
			return v, true
		}
		if _, ok := p.values[strings.TrimSuffix(name, config.FileSuffix)]; ok {
			return "", false // the file has been read
		}
		return lookup(name)
	}}
	if p.nats != nil {
		s.NATS = p.nats
	}
	if p.database != nil {
		s.Database = p.database.EnsureRole
	}
	return s
}

// Token returns the bootstrap token and the file that holds it.
func (p *Parts) Token() (token, file string) {
	return p.values["ACTIONPLANE_ADMIN_TOKEN"], filepath.Join(p.config.DataDir, "admin.token")
}

// OrganizationID returns the first organization.
func (p *Parts) OrganizationID() string { return p.values["ACTIONPLANE_ORGANIZATION_ID"] }

// ConnectNATS opens a connection as an internal service would have it.
func (p *Parts) ConnectNATS(name string) (*nats.Conn, error) {
	if p.nats != nil {
		return nats.Connect(p.values["NATS_URL"], nats.InProcessServer(p.nats), nats.Name(name))
	}
	return nats.Connect(p.config.NATSURL.Reveal(), nats.Name(name))
}

func (p *Parts) keepSecrets(context.Context) error {
	for _, k := range p.config.kept() {
		value, err := keep(p.config.DataDir, k.file, k.given, k.create)
		if err != nil {
			return fmt.Errorf("ACTIONPLANE_DATA_DIR: %w", err)
		}
		p.values[k.variable] = value
	}
	return nil
}

func (p *Parts) startNATS(context.Context) error {
	if !p.config.NATSURL.IsZero() {
		return nil
	}
	cfg := busserver.Config{DataDir: filepath.Join(p.config.DataDir, "nats"), Addr: p.config.NATSAddr, SyncAlways: p.config.NATSSync}
	if cfg.Addr != "" {
		token, err := keep(p.config.DataDir, "nats.token", "", random("apn_"))
		if err != nil {
			return fmt.Errorf("ACTIONPLANE_DATA_DIR: %w", err)
		}
		cfg.Token = token
		// The server asks connections of this process for it as well.
		p.values["NATS_URL"] = "nats://" + token + "@" + cfg.Addr
	}
	s, err := busserver.Start(cfg)
	if err != nil {
		return err
	}
	p.nats = s
	p.onStop(func() error { s.Stop(); return nil })
	return p.limitEvents(s)
}

func (p *Parts) startRedis(context.Context) error {
	if !p.config.RedisURL.IsZero() {
		return nil
	}
	s, err := cacheserver.Start()
	if err != nil {
		return fmt.Errorf("embedded Redis: %w", err)
	}
	p.values["REDIS_URL"] = s.URL()
	p.onStop(func() error { s.Close(); return nil })
	return nil
}

func (p *Parts) startPostgres(ctx context.Context) error {
	if !p.config.DatabaseURL.IsZero() {
		return nil
	}
	s, err := pgserver.Start(ctx, pgserver.Config{DataDir: filepath.Join(p.config.DataDir, "postgres"), Log: p.log})
	if err != nil {
		return fmt.Errorf("embedded Postgres: %w", err)
	}
	p.database = s
	stopping := context.WithoutCancel(ctx)
	p.onStop(func() error {
		ctx, cancel := context.WithTimeout(stopping, stopTimeout)
		defer cancel()
		return s.Stop(ctx)
	})
	return nil
}

// Died is closed when the embedded Postgres ends unasked; nil, and so never,
// where there is none.
func (p *Parts) Died() <-chan struct{} {
	if p.database == nil {
		return nil
	}
	return p.database.Done()
}

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg/pgserver"
)

// EnvURL is the variable that names an outside server, as a superuser, for the
// tests to use instead of a private one.
const EnvURL = "ACTIONPLANE_TEST_DATABASE_URL"

const (
	maxConnections = 300
	// maxDatabases at a time keeps the pools of four below maxConnections,
	// with room for what tests open themselves.
	maxDatabases = 60
)

// shared is the one cluster of the test process. It is the only package
// variable here: tests of a package have no other place in common.
var shared process

// process starts a cluster on first use.
type process struct {
	mu      sync.Mutex
	cluster *cluster
	err     error // of the first start; not tried again, every test reports it
}

// cluster is a server to make databases on.
type cluster struct {
	server   *pgserver.Server // nil when the server is an outside one
	adminURL string
	base     *url.URL
	strategy string        // of CREATE DATABASE
	slots    chan struct{} // one per database that may exist

	templates sync.Mutex
	made      map[string]bool
}

// get returns the cluster, starting it on the first call.
func (p *process) get(ctx context.Context) (*cluster, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cluster == nil && p.err == nil {
		p.cluster, p.err = start(ctx)
	}
	return p.cluster, p.err
}

// stop stops the cluster, if there is one.
func (p *process) stop(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cluster == nil || p.cluster.server == nil {
		return nil
	}
	return p.cluster.server.Stop(ctx)
}

// start connects to the outside server or starts a private one.
func start(ctx context.Context) (*cluster, error) {
	c := &cluster{adminURL: os.Getenv(EnvURL), slots: make(chan struct{}, maxDatabases), made: map[string]bool{}}
	if c.adminURL == "" {
		log := slog.New(slog.DiscardHandler)
		server, err := pgserver.Start(ctx, pgserver.Config{Ephemeral: true, Log: log, MaxConnections: maxConnections})
		if err != nil {
			return nil, fmt.Errorf("start postgres: %w", err)
		}
		c.server = server
		c.adminURL = server.URL(pgserver.Superuser, "postgres")
	}
	base, err := parseAdmin(c.adminURL)
	if err != nil {
		return nil, err
	}
	c.base = base
	return c, c.chooseStrategy(ctx)
}

// chooseStrategy asks for file copies where the server knows them (since 15):
// on a private cluster, which does not sync, they are the fastest clone.
func (c *cluster) chooseStrategy(ctx context.Context) (err error) {
	if c.server == nil {
		return nil
	}
	conn, err := pgx.Connect(ctx, c.adminURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var version int
	if err := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return err
	}
	if version >= 150000 {
		c.strategy = " STRATEGY file_copy"
	}
	return nil
}

// exec runs one statement as superuser on a connection of its own.
func (c *cluster) exec(ctx context.Context, sql string) (err error) {
	conn, err := pgx.Connect(ctx, c.adminURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

// borrow waits for room for one more database.
func (c *cluster) borrow(ctx context.Context) error {
	select {
	case c.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for one of %d databases: %w", maxDatabases, ctx.Err())
	}
}

// giveBack makes room again.
func (c *cluster) giveBack() { <-c.slots }

package pg

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/fault"
)

// DefaultMaxConns is the size of a pool whose Config names none.
const DefaultMaxConns = 8

// schemaName is what a schema may be called: what needs no quoting anywhere,
// within Postgres' 63 bytes.
var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Config says which database a pool reaches and what it sees there.
type Config struct {
	URL      string // postgres:// URL or keyword/value string, as pgx reads it
	Schema   string // the only schema on search_path, named like the service
	MaxConns int32  // upper bound of connections; 0 means DefaultMaxConns

	// Where spans and metrics of statements and connections go; nil: nowhere.
	Traces  trace.TracerProvider
	Metrics metric.MeterProvider
}

// Pool is a pgxpool.Pool whose connections see one schema. Exec, Query,
// QueryRow and the rest are pgxpool's own.
type Pool struct {
	*pgxpool.Pool
	schema string
}

// Open connects once and returns the pool, or one clear line saying why not.
// It does not try again: how long to wait for a database is the caller's
// decision, and IsUnavailable tells whether waiting can help. The error never
// holds the password. Close the pool when done.
func Open(ctx context.Context, cfg Config) (*Pool, error) {
	parsed, err := parse(cfg)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, parsed)
	if err != nil {
		return nil, fmt.Errorf("open postgres pool: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, connectError(parsed.ConnConfig, err)
	}
	if err := cfg.observe(pool); err != nil {
		pool.Close()
		return nil, err
	}
	return &Pool{Pool: pool, schema: cfg.Schema}, nil
}

// Schema returns the schema that unqualified names resolve to.
func (p *Pool) Schema() string { return p.schema }

// parse turns cfg into pgxpool's configuration.
func parse(cfg Config) (*pgxpool.Config, error) {
	if !schemaName.MatchString(cfg.Schema) {
		return nil, fault.Invalid("postgres schema %q is not a lower-case name", cfg.Schema)
	}
	parsed, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		// pgx quotes the URL and masks the password only as well as it can.
		return nil, fault.Invalid("postgres url cannot be read: want postgres://user:password@host:port/database")
	}
	parsed.MaxConns = cfg.MaxConns
	if parsed.MaxConns <= 0 {
		parsed.MaxConns = DefaultMaxConns
	}
	// After a restart of the server every pooled connection is dead at once, and
	// those used within the last second are not pinged.
	parsed.PrepareConn = func(_ context.Context, c *pgx.Conn) (bool, error) { return !stale(c.PgConn().Conn()), nil }
	conn := parsed.ConnConfig
	conn.RuntimeParams["search_path"] = pgx.Identifier{cfg.Schema}.Sanitize()
	conn.RuntimeParams["timezone"] = "UTC"
	if conn.RuntimeParams["application_name"] == "" {
		conn.RuntimeParams["application_name"] = cfg.Schema
	}
	conn.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	conn.Tracer = cfg.tracer()
	return parsed, nil
}

// connectError says in one line which server refused or did not answer. pgx
// reports every address it tried on a line of its own.
func connectError(cfg *pgx.ConnConfig, err error) error {
	where := fmt.Sprintf("postgres %s:%d/%s as %s", cfg.Host, cfg.Port, cfg.Database, cfg.User)
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return connectFault(err).Because(fmt.Errorf("connect to %s: %w", where, server))
	}
	return connectFault(err).Because(&oneLine{prefix: "connect to " + where, err: err})
}

// connectFault classifies a failed connect. A server that answers "no" needs a
// person, not patience.
func connectFault(err error) *fault.Error {
	if f, ok := fault.As(Translate(err)); ok {
		return f
	}
	return fault.FailedPrecondition("database refused the connection")
}

// oneLine prints a multi-line error on one line and keeps its chain.
type oneLine struct {
	prefix string
	err    error
}

// Error returns "prefix: cause", on one line.
func (e *oneLine) Error() string {
	return e.prefix + ": " + strings.Join(strings.Fields(e.err.Error()), " ")
}

// Unwrap returns the cause.
func (e *oneLine) Unwrap() error { return e.err }

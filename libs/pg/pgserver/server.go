package pgserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"syscall"
	"time"
)

// Superuser is the role that owns the cluster.
const Superuser = "postgres"

// Database is the database that holds the services' schemas.
const Database = "actionplane"

const (
	defaultMaxConnections = 200
	port                  = "5432" // names the socket file only; nothing listens on TCP

	quitTimeout = 5 * time.Second // for each harsher signal after Stop's ctx has ended
	failTimeout = 5 * time.Second // to stop a server whose start went wrong
)

// Config says where a private Postgres lives.
type Config struct {
	DataDir        string       // where the cluster lives, made when missing; not used when Ephemeral
	Log            *slog.Logger // required; what the server itself says comes at debug level
	Ephemeral      bool         // a throw-away cluster: in memory where there is room, no fsync, removed by Stop
	MaxConnections int          // of the server; 0 means 200
}

// Server is a running private Postgres.
type Server struct {
	home    *home
	process *process
	log     *slog.Logger

	roles sync.Mutex // serialises EnsureRole
	stop  sync.Once
	err   error // what Stop returned
}

// Start starts a private Postgres and returns once it accepts connections: in
// about a second the first time, sooner with a cluster that exists.
// ctx bounds the start, a download included, and not the server's life; call
// Stop. Every error is one line that says what to do about it.
//
// A data directory in use by another process is an error; one left behind by a
// process that was killed is taken over, after waiting for its server to end.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	return start(ctx, cfg, newFinder())
}

// start is Start with the place to find binaries.
func start(ctx context.Context, cfg Config, find *finder) (*Server, error) {
	if cfg.MaxConnections <= 0 {
		cfg.MaxConnections = defaultMaxConnections
	}
	h, err := openHome(ctx, cfg)
	if err != nil {
		return nil, err
	}
	s, err := launch(ctx, cfg, h, find)
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	return s, nil
}

// launch makes the cluster where there is none and runs a server on it.
func launch(ctx context.Context, cfg Config, h *home, find *finder) (*Server, error) {
	begin := time.Now()
	bin, err := find.binaries(ctx, h)
	if err != nil {
		return nil, err
	}
	if h.version == 0 {
		if err := initialize(ctx, bin, h); err != nil {
			return nil, err
		}
	}
	if err := h.clearStale(); err != nil {
		return nil, err
	}
	p, err := runServer(ctx, bin, h, cfg)
	if err != nil {
		return nil, err
	}
	cfg.Log.InfoContext(ctx, "postgres.started", "dir", h.cluster, "binaries", bin.dir, "version", bin.major,
		"user", h.account.name, "took", time.Since(begin))
	return &Server{home: h, process: p, log: cfg.Log}, nil
}

// URL returns the address of a database for a role, as pgx and libpq read it.
func (s *Server) URL(user, database string) string {
	query := url.Values{"host": {s.home.socket}, "port": {port}, "user": {user}}
	return "postgres:///" + url.PathEscape(database) + "?" + query.Encode()
}

// PID returns the number of the server process, which is a number for somebody
// else once Done is closed.
func (s *Server) PID() int { return s.process.cmd.Process.Pid }

// Done is closed when the server process has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.process.done }

// Stop stops the server, cutting off whoever is connected, and removes what is
// ephemeral. When ctx ends first it insists with harsher signals; the next
// start then replays the log, and nothing committed is lost. A second call
// returns what the first did.
func (s *Server) Stop(ctx context.Context) error {
	s.stop.Do(func() {
		first := syscall.SIGINT // "fast": roll back, checkpoint, exit
		if s.home.ephemeral {
			first = syscall.SIGQUIT // no checkpoint of what is about to be deleted
		}
		s.err = errors.Join(s.process.end(ctx, first), s.home.close())
	})
	return s.err
}

// runServer starts postgres and waits until it accepts connections.
func runServer(ctx context.Context, bin binaries, h *home, cfg Config) (*process, error) {
	said := newServerLog(cfg.Log)
	cmd := h.command(bin.path("postgres"), serverArgs(h, cfg)...)
	cmd.Stderr = said
	cmd.ExtraFiles = []*os.File{h.alive} // inherited, so its lock is held until the last server process is gone
	p, err := startProcess(cmd)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	select {
	case <-said.ready:
		return p, nil
	case <-p.done:
		return nil, fmt.Errorf("postgres on %s ended at once: %s", h.cluster, said.reason(p.err))
	case <-ctx.Done():
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failTimeout)
		defer cancel()
		err := fmt.Errorf("postgres on %s did not get ready: %w", h.cluster, ctx.Err())
		return nil, errors.Join(err, p.end(stopCtx, syscall.SIGINT))
	}
}

// serverArgs returns the command line of postgres. Settings live here and not
// in the cluster's postgresql.conf, so that they change with the program.
func serverArgs(h *home, cfg Config) []string {
	settings := []string{
		"listen_addresses=",
		"port=" + port,
		"unix_socket_directories=" + h.socket,
		"unix_socket_permissions=0700",
		fmt.Sprintf("max_connections=%d", cfg.MaxConnections),
		"timezone=UTC",
		"jit=off", // our statements are short; compiling them costs more than it saves

		// stderr is read by serverLog. Errors of statements go to the client that
		// caused them; in the log their text and values would be a leak.
		"logging_collector=off",
		"log_destination=stderr",
		"log_line_prefix=",
		"log_min_messages=log",
		"log_min_error_statement=panic",
		"log_error_verbosity=terse",
		"log_checkpoints=off",
		"lc_messages=C",
	}
	if h.ephemeral {
		settings = append(settings,
			"fsync=off",
			"synchronous_commit=off",
			"full_page_writes=off",
			"wal_level=minimal",
			"max_wal_senders=0",
			"min_wal_size=32MB",
			"max_wal_size=256MB",
			"autovacuum=off",
		)
	}
	args := []string{"-D", h.cluster}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	return args
}

package pgserver

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
)

// Superuser is the role that owns the cluster.
const Superuser = "postgres"

// Config says where a private Postgres lives.
type Config struct {
	DataDir   string       // where the cluster lives; ignored when Ephemeral
	Log       *slog.Logger // required
	Ephemeral bool         // a throw-away cluster: in memory where possible, no fsync, removed by Stop
	// MaxConnections bounds the server's connections; 0 means 200.
	MaxConnections int
}

// Server is a running private Postgres.
type Server struct {
	socketDir string
}

// Start starts a private Postgres and returns once it accepts connections.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	return nil, errors.New("not yet")
}

// URL returns the address of a database for a user.
func (s *Server) URL(user, database string) string {
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: url.Values{"host": {s.socketDir}, "user": {user}}.Encode()}).String()
}

// EnsureRole creates the role and schema named service and returns its URL.
func (s *Server) EnsureRole(ctx context.Context, service string) (string, error) {
	return "", errors.New("not yet")
}

// Stop stops the server.
func (s *Server) Stop(ctx context.Context) error { return nil }

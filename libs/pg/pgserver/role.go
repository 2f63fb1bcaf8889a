package pgserver

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
)

// roleName is what a service may be called.
var roleName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// EnsureRole makes, where they are missing, a role and a schema named like the
// service in the database actionplane, and returns the role's URL. The role
// owns its schema and reaches no other: nothing is open to PUBLIC. Safe to call
// again, and from several goroutines.
func (s *Server) EnsureRole(ctx context.Context, service string) (string, error) {
	if !roleName.MatchString(service) || service == Superuser {
		return "", fmt.Errorf("service %q cannot name a database role", service)
	}
	s.roles.Lock()
	defer s.roles.Unlock()
	if err := s.ensureDatabase(ctx); err != nil {
		return "", fmt.Errorf("make database %s: %w", Database, err)
	}
	if err := s.ensureSchema(ctx, service); err != nil {
		return "", fmt.Errorf("make database role %s: %w", service, err)
	}
	return s.URL(service, Database), nil
}

// ensureDatabase makes the services' database and closes all databases to
// PUBLIC, so that a role connects to the one it was granted.
func (s *Server) ensureDatabase(ctx context.Context) error {
	return s.as(ctx, "postgres", func(conn *pgx.Conn) error {
		var exists bool
		err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, Database).Scan(&exists)
		if err != nil {
			return err
		}
		if !exists {
			if _, err := conn.Exec(ctx, "CREATE DATABASE "+Database); err != nil {
				return err
			}
		}
		_, err = conn.Exec(ctx, "REVOKE ALL ON DATABASE "+Database+", postgres, template1 FROM PUBLIC")
		return err
	})
}

// ensureSchema makes one service's role and schema.
func (s *Server) ensureSchema(ctx context.Context, service string) error {
	return s.as(ctx, Database, func(conn *pgx.Conn) error {
		var exists bool
		err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, service).Scan(&exists)
		if err != nil {
			return err
		}
		name := pgx.Identifier{service}.Sanitize()
		statements := []string{
			"REVOKE ALL ON SCHEMA public FROM PUBLIC",
			"GRANT CONNECT ON DATABASE " + Database + " TO " + name,
			"CREATE SCHEMA IF NOT EXISTS " + name + " AUTHORIZATION " + name,
			"ALTER ROLE " + name + " IN DATABASE " + Database + " SET search_path = " + name,
		}
		if !exists {
			statements = append([]string{"CREATE ROLE " + name + " LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE"}, statements...)
		}
		for _, sql := range statements {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}

// as runs fn on a superuser's connection to a database.
func (s *Server) as(ctx context.Context, database string, fn func(*pgx.Conn) error) (err error) {
	conn, err := pgx.Connect(ctx, s.URL(Superuser, database))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return fn(conn)
}

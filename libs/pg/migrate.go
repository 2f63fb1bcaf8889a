package pg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/actionplane/actionplane/libs/fault"
)

// The statements of the bookkeeping. The lock is taken per transaction, not per
// session, so that it also holds behind a pooler, and its key names the schema
// because advisory locks belong to the whole database.
const (
	lockMigrations = `SELECT pg_advisory_xact_lock(hashtextextended($1 || '.schema_migrations', 0))`

	schemaExists = `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)`

	createMigrations = `CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer     PRIMARY KEY,
    name       text        NOT NULL,
    sha256     text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)`

	listApplied = `SELECT version, name, sha256 FROM schema_migrations ORDER BY version`

	recordApplied = `INSERT INTO schema_migrations (version, name, sha256) VALUES ($1, $2, $3)`

	forgetApplied = `DELETE FROM schema_migrations WHERE version = $1`
)

// Migrate brings the pool's schema to the newest version in fsys, creating the
// schema where it is missing and the role may. It applies the NNNN_name.up.sql
// files found anywhere in fsys in order, each in a transaction of its own and
// under a lock, so replicas may start together: one applies, the others wait
// and find nothing to do. What is applied is recorded with its hash; a file
// edited afterwards is an error that names it. Down files are ignored.
func Migrate(ctx context.Context, pool *Pool, fsys fs.FS) error {
	known, err := readMigrations(fsys)
	if err != nil {
		return err
	}
	if err := prepare(ctx, pool); err != nil {
		return fmt.Errorf("prepare schema %s for migrations: %w", pool.schema, err)
	}
	for {
		more, err := migrateNext(ctx, pool, known)
		if err != nil {
			return fmt.Errorf("migrate schema %s: %w", pool.schema, err)
		}
		if !more {
			return nil
		}
	}
}

// prepare creates the schema and the table of applied migrations.
func prepare(ctx context.Context, pool *Pool) error {
	return pool.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockMigrations, pool.schema); err != nil {
			return err
		}
		// Asked first: CREATE SCHEMA IF NOT EXISTS needs the right to create
		// even where there is nothing to create.
		var exists bool
		if err := tx.QueryRow(ctx, schemaExists, pool.schema).Scan(&exists); err != nil {
			return err
		}
		if !exists {
			if _, err := tx.Exec(ctx, "CREATE SCHEMA "+pgx.Identifier{pool.schema}.Sanitize()); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, createMigrations)
		return err
	})
}

// migrateNext applies the first pending migration and reports whether there
// was one. What is pending is asked anew under the lock each time.
func migrateNext(ctx context.Context, pool *Pool, known []migration) (bool, error) {
	more := false
	err := pool.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		done, err := lockAndList(ctx, tx, pool.schema)
		if err != nil {
			return err
		}
		todo, err := pending(known, done)
		more = len(todo) > 0
		if err != nil || !more {
			return err
		}
		if err := runScript(ctx, tx, todo[0].name, todo[0].up); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, recordApplied, todo[0].version, todo[0].name, todo[0].sha256)
		return err
	})
	return more, err
}

// MigrateDown undoes every applied migration, newest first, in one transaction.
// It is for tests of the down files: production only goes forward.
func MigrateDown(ctx context.Context, pool *Pool, fsys fs.FS) error {
	known, err := readMigrations(fsys)
	if err != nil {
		return err
	}
	err = pool.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		done, err := lockAndList(ctx, tx, pool.schema)
		if err != nil {
			return err
		}
		for _, a := range slices.Backward(done) {
			if err := undo(ctx, tx, known, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("migrate schema %s down: %w", pool.schema, err)
	}
	return nil
}

// undo runs the down file of one applied migration.
func undo(ctx context.Context, tx pgx.Tx, known []migration, a applied) error {
	i := slices.IndexFunc(known, func(m migration) bool { return m.version == a.version })
	if i < 0 || known[i].down == "" {
		return fault.FailedPrecondition("migration %s has no down file", a.name)
	}
	if err := runScript(ctx, tx, known[i].name, known[i].down); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, forgetApplied, a.version)
	return err
}

// lockAndList waits for the lock and returns what is applied. Two statements on
// purpose: the list must be read after the lock is held.
func lockAndList(ctx context.Context, tx pgx.Tx, schema string) ([]applied, error) {
	if _, err := tx.Exec(ctx, lockMigrations, schema); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, listApplied)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (applied, error) {
		var a applied
		err := row.Scan(&a.version, &a.name, &a.sha256)
		return a, err
	})
}

// runScript runs a file of several statements by the simple protocol, the only
// one that takes more than one.
func runScript(ctx context.Context, tx pgx.Tx, name, script string) error {
	conn := tx.Conn().PgConn()
	if _, err := conn.Exec(ctx, script).ReadAll(); err != nil {
		return fmt.Errorf("%s%s: %w", name, line(script, err), err)
	}
	if conn.TxStatus() != 'T' {
		return fault.Invalid("%s ends its own transaction: take COMMIT and ROLLBACK out", name)
	}
	return nil
}

// line returns " line N" for an error that knows its place in script.
func line(script string, err error) string {
	var server *pgconn.PgError
	if !errors.As(err, &server) || server.Position < 1 {
		return ""
	}
	// Position counts characters, from 1.
	runes := []rune(script)
	before := string(runes[:min(int(server.Position)-1, len(runes))])
	return fmt.Sprintf(" line %d", 1+strings.Count(before, "\n"))
}

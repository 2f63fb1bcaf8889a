package pg

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// txAttempts is how often Tx runs a transaction that lost a race.
const txAttempts = 3

// rollbackTimeout bounds the rollback of a transaction whose context has ended.
const rollbackTimeout = 5 * time.Second

// Tx runs fn in a transaction at the database's default isolation (read
// committed), commits when fn returns nil and rolls back otherwise, also when
// fn panics. Errors come back translated (see Translate).
//
// A transaction that lost to a concurrent one (serialization failure,
// deadlock) is run again, three times in all, so fn must change nothing but the
// transaction: assign results, do not append them, and publish after Tx. A
// commit whose answer was lost is not retried; the caller cannot know, and the
// rows must tell.
func (p *Pool) Tx(ctx context.Context, fn func(ctx context.Context, tx pgx.Tx) error) error {
	return repeat(ctx, func() error { return p.txOnce(ctx, fn) })
}

// Statement runs one statement, which is a transaction by itself and takes one
// round trip instead of three. Otherwise it is as Tx.
func (p *Pool) Statement(ctx context.Context, sql string, args ...any) error {
	return repeat(ctx, func() error {
		_, err := p.Exec(ctx, sql, args...)
		return err
	})
}

// repeat runs a transaction until it no longer loses to another.
func repeat(ctx context.Context, once func() error) error {
	var err error
	for range txAttempts {
		if err = once(); !lostRace(err) || ctx.Err() != nil {
			break
		}
	}
	return Translate(err)
}

// txOnce runs fn in one transaction.
func (p *Pool) txOnce(ctx context.Context, fn func(ctx context.Context, tx pgx.Tx) error) error {
	tx, err := p.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer rollback(ctx, tx)
	if err := fn(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// rollback ends what is still open; after a commit it does nothing. It outlives
// ctx so that a canceled caller costs a round trip and not the connection. Its
// own failure needs no report: pgx then closes the connection, and that rolls
// back as well.
func rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	_ = tx.Rollback(ctx)
}

// lostRace reports whether the same transaction can succeed when run again at
// once. The third case is a statement prepared before a migration of a newer
// replica: pgx forgets the plan when it sees this error.
func lostRace(err error) bool {
	var server *pgconn.PgError
	if !errors.As(err, &server) {
		return false
	}
	switch server.Code {
	case stateSerialization, stateDeadlock:
		return true
	case stateFeatureNotSupported:
		return strings.Contains(server.Message, "cached plan must not change result type")
	}
	return false
}

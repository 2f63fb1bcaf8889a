// Package store keeps approval settings, requests, decisions and the audit
// chain in Postgres. Its errors are package fault's.
package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/approvals/internal/audit"
)

// Store reaches the tables of approvals. It is safe for concurrent use.
type Store struct {
	pool *pg.Pool
	// Notify: rows are written for e-mails to be sent.
	notify bool
	told   func(context.Context, audit.Entry)
}

// New returns a store on a pool whose schema is migrated before it is used.
// notify says whether somebody sends the e-mails that are due.
func New(pool *pg.Pool, notify bool) *Store { return &Store{pool: pool, notify: notify} }

// Tell has the store tell of every audit entry once it is committed. Call it
// before the store is used.
func (s *Store) Tell(told func(context.Context, audit.Entry)) { s.told = told }

// Tx is a change in progress.
type Tx struct {
	tx      pgx.Tx
	notify  bool
	entries []audit.Entry
}

// Pgx returns the transaction itself, for the outbox and the approval door.
func (x *Tx) Pgx() pgx.Tx { return x.tx }

// Tx runs fn in a transaction, again when it lost a race: fn must change
// nothing but through its Tx.
func (s *Store) Tx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	var last *Tx
	err := s.pool.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		last = &Tx{tx: tx, notify: s.notify}
		return fn(ctx, last)
	})
	if err != nil || s.told == nil {
		return err
	}
	for _, e := range last.entries {
		s.told(ctx, e)
	}
	return nil
}

// Now returns the database's clock, as it is now and not when the transaction
// began: whoever has waited for a lock must know how late it is.
func (x *Tx) Now(ctx context.Context) (time.Time, error) {
	var now time.Time
	if err := x.tx.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now); err != nil {
		return time.Time{}, fmt.Errorf("read the clock: %w", err)
	}
	return now.UTC(), nil
}

// Package store keeps actions, their versions and secrets, and flows in
// Postgres, schema "actions". Whoever writes through it also announces: every writing
// method adds its change to the outbox of the same transaction.
//
// Transactions that lock several rows take them in this order, so that none
// waits for another in a circle: actions by id, then flows by type. The
// secrets of an organization are locked by who locks nothing else.
package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/tenant"
)

// Scope is whose actions and flows a call sees.
type Scope struct {
	Tenant       tenant.ID
	Organization tenant.OrganizationID
}

// Store reads and writes the schema.
type Store struct {
	pool *pg.Pool
}

// Tx is one transaction.
type Tx struct {
	tx pgx.Tx
}

// Pgx returns the transaction itself, for the approval door.
func (t *Tx) Pgx() pgx.Tx { return t.tx }

// New returns a store on a migrated schema.
func New(pool *pg.Pool) *Store { return &Store{pool: pool} }

// Tx runs fn in a transaction, again where it lost a race: fn assigns what it
// returns and never appends (see pg.Pool.Tx).
func (s *Store) Tx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return s.pool.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return fn(ctx, &Tx{tx: tx}) })
}

// read runs several queries on one state of the database.
func (s *Store) read(ctx context.Context, fn func(tx pgx.Tx) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	if err := pgx.BeginTxFunc(ctx, s.pool, options, fn); err != nil {
		return fmt.Errorf("read: %w", pg.Translate(err))
	}
	return nil
}

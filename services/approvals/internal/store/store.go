// Package store keeps approval settings in Postgres, and has the tables of the
// approval workflow. Its errors are package fault's.
package store

import "github.com/actionplane/actionplane/libs/pg"

// Store reaches the tables of approvals. It is safe for concurrent use.
type Store struct {
	pool *pg.Pool
}

// New returns a store on a pool whose schema is migrated before it is used.
func New(pool *pg.Pool) *Store { return &Store{pool: pool} }

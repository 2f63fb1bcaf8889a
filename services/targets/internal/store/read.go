package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// Index: targets_pkey.
const selectTargetAlone = `SELECT ` + targetColumns + ` FROM targets t WHERE t.tenant_id = $1 AND t.id = $2`

// Read runs fn in a transaction that changes nothing and sees all tables as of
// one moment, so that what fn reads goes together.
func (s *Store) Read(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return pg.Translate(pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) error { return fn(ctx, &Tx{tx: tx}) }))
}

// Target returns a target.
func (x *Tx) Target(ctx context.Context, id target.ID) (target.Target, error) {
	t, err := scanTarget(x.tx.QueryRow(ctx, selectTargetAlone, tenantOf(ctx), id))
	return t, done("read", id, err)
}

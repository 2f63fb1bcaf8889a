package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/pg"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// resource is what the change feed calls a target.
const resource = "target"

const (
	insertTarget = `INSERT INTO targets AS t (tenant_id, id, name, name_folded, kind, interrupt_on_error, timeout_nanos, endpoint, payload_type)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (id) DO NOTHING RETURNING ` + targetColumns

	// Index: targets_pkey.
	lockTarget = `SELECT ` + targetColumns + ` FROM targets t WHERE t.tenant_id = $1 AND t.id = $2 FOR UPDATE`

	// The clock is read under the row's lock: now() may be older than the
	// change before this one. Index: targets_pkey.
	updateTarget = `UPDATE targets t
SET name = $3, name_folded = $4, kind = $5, interrupt_on_error = $6, timeout_nanos = $7, endpoint = $8, payload_type = $9,
    version = version + 1, changed_at = greatest(clock_timestamp(), changed_at)
WHERE t.tenant_id = $1 AND t.id = $2 RETURNING ` + targetColumns

	// As updateTarget, for what is kept elsewhere. Index: targets_pkey.
	touchTarget = `UPDATE targets t SET version = version + 1, changed_at = greatest(clock_timestamp(), changed_at)
WHERE t.tenant_id = $1 AND t.id = $2 RETURNING ` + targetColumns

	// Index: targets_pkey.
	disableTarget = `UPDATE targets t
SET disabled_reason = $3, disabled_at = CASE $3 WHEN '' THEN NULL ELSE greatest(clock_timestamp(), changed_at) END,
    version = version + 1, changed_at = greatest(clock_timestamp(), changed_at)
WHERE t.tenant_id = $1 AND t.id = $2 RETURNING ` + targetColumns

	// The keys go with it. Index: targets_pkey.
	deleteTarget = `DELETE FROM targets t WHERE t.tenant_id = $1 AND t.id = $2
RETURNING ` + targetColumns + `, greatest(clock_timestamp(), changed_at)`
)

// Tx is a change in progress.
type Tx struct{ tx pgx.Tx }

// Tx runs fn in a transaction, again when it lost a race: fn must change
// nothing but through its Tx.
func (s *Store) Tx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return s.pool.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return fn(ctx, &Tx{tx: tx}) })
}

// InsertTarget adds a target, which needs a key before the transaction ends.
// An id that is taken, by whomever, is AlreadyExists; the transaction goes on.
func (x *Tx) InsertTarget(ctx context.Context, id target.ID, c target.Config) (target.Target, error) {
	t, err := scanTarget(x.tx.QueryRow(ctx, insertTarget, row(ctx, id, c)...))
	if errors.Is(err, pgx.ErrNoRows) {
		return target.Target{}, fault.AlreadyExists("target %s exists", id)
	}
	return t, done("insert", id, err)
}

// Pgx returns the transaction itself, for the approval door.
func (x *Tx) Pgx() pgx.Tx { return x.tx }

// LockTarget returns a target that nobody else changes until the transaction
// ends.
func (x *Tx) LockTarget(ctx context.Context, id target.ID) (target.Target, error) {
	t, err := scanTarget(x.tx.QueryRow(ctx, lockTarget, tenantOf(ctx), id))
	return t, done("lock", id, err)
}

// UpdateTarget replaces a target's configuration and raises its version.
func (x *Tx) UpdateTarget(ctx context.Context, id target.ID, c target.Config) (target.Target, error) {
	t, err := scanTarget(x.tx.QueryRow(ctx, updateTarget, row(ctx, id, c)...))
	return t, done("update", id, err)
}

// DeleteTarget removes a target and its keys, and returns it as it was but
// changed at this moment.
func (x *Tx) DeleteTarget(ctx context.Context, id target.ID) (target.Target, error) {
	var deleted time.Time
	t, err := scanTarget(x.tx.QueryRow(ctx, deleteTarget, tenantOf(ctx), id), &deleted)
	t.Changed = deleted.UTC()
	return t, done("delete", id, err)
}

// TouchTarget raises a target's version: something about it that is kept
// elsewhere changes.
func (x *Tx) TouchTarget(ctx context.Context, id target.ID) (target.Target, error) {
	t, err := scanTarget(x.tx.QueryRow(ctx, touchTarget, tenantOf(ctx), id))
	return t, done("touch", id, err)
}

// DisableTarget says why nothing is sent to a target; without a reason, it is
// enabled.
func (x *Tx) DisableTarget(ctx context.Context, id target.ID, reason string) (target.Target, error) {
	t, err := scanTarget(x.tx.QueryRow(ctx, disableTarget, tenantOf(ctx), id, reason))
	return t, done("disable", id, err)
}

// Announce tells the change feed, once the transaction has committed, what
// happened to t at its last change. Call it last.
func (x *Tx) Announce(ctx context.Context, t target.Target, op changesv1.Operation) error {
	return done("announce", t.ID, changefeed.Add(ctx, x.tx, resource, string(t.ID), op, t.Changed))
}

// row returns the arguments of insertTarget and updateTarget.
func row(ctx context.Context, id target.ID, c target.Config) []any {
	return []any{tenantOf(ctx), id, c.Name, fold(c.Name), c.Kind, c.InterruptOnError, int64(c.Timeout), c.Endpoint, c.Payload}
}

// fold is how names are compared when case does not count.
func fold(name string) string { return strings.ToLower(name) }

func done(what string, id target.ID, err error) error {
	if err != nil {
		return fmt.Errorf("%s target %s: %w", what, id, pg.Translate(err))
	}
	return nil
}

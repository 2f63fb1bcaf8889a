// Package store keeps targets, their keys and settings in Postgres. Every
// statement is scoped by the tenant of its context: what belongs to another
// tenant does not exist. Errors come back as faults; NotFound is a target that
// is not there.
package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/targets/internal/secret"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// targetColumns is what scanTarget reads, of targets as t.
const targetColumns = `t.id, t.name, t.kind, t.interrupt_on_error, t.timeout_nanos, t.endpoint, t.payload_type,
    t.version, t.created_at, t.changed_at, t.disabled_reason, t.disabled_at`

// newestKey adds the newest signing key of t as k. Index: signing_keys_pkey.
const newestKey = ` JOIN LATERAL (
    SELECT key_id, ciphertext FROM signing_keys
    WHERE target_id = t.id ORDER BY version DESC LIMIT 1
) k ON true`

const (
	// Index: targets_pkey.
	selectTarget = `SELECT ` + targetColumns + `, k.key_id, k.ciphertext FROM targets t` + newestKey + `
WHERE t.tenant_id = $1 AND t.id = $2`

	// Index: targets_pkey.
	selectTargets = `SELECT ` + targetColumns + ` FROM targets t WHERE t.tenant_id = $1 AND t.id = ANY($2)`

	// Reads whole tables, once at start.
	secretsUnderOtherMaster = `SELECT
    (SELECT count(*) FROM signing_keys WHERE key_id <> $1)
  + (SELECT count(*) FROM ed25519_keys WHERE key_id <> $1)
  + (SELECT count(*) FROM settings     WHERE key_id <> $1)
  + (SELECT count(*) FROM web_keys     WHERE key_id <> $1)`
)

// Store reads and changes the tables.
type Store struct{ pool *pg.Pool }

// Keyed is a target with the newest of its signing keys.
type Keyed struct {
	target.Target
	Key secret.Sealed
}

// New returns a store on a pool that sees the schema.
func New(pool *pg.Pool) *Store { return &Store{pool: pool} }

// Target returns a target with its newest key.
func (s *Store) Target(ctx context.Context, id target.ID) (Keyed, error) {
	k, err := scanKeyed(s.pool.QueryRow(ctx, selectTarget, tenantOf(ctx), id))
	if err != nil {
		return Keyed{}, fmt.Errorf("read target %s: %w", id, pg.Translate(err))
	}
	return k, nil
}

// Targets returns those of ids that exist, in no particular order.
func (s *Store) Targets(ctx context.Context, ids []target.ID) ([]target.Target, error) {
	rows, err := s.pool.Query(ctx, selectTargets, tenantOf(ctx), ids)
	if err != nil {
		return nil, fmt.Errorf("read targets: %w", pg.Translate(err))
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (target.Target, error) { return scanTarget(row) })
	if err != nil {
		return nil, fmt.Errorf("read targets: %w", pg.Translate(err))
	}
	return found, nil
}

// SecretsUnderOtherMaster returns how many secrets of all tenants are not
// encrypted under the master key that keyID names.
func (s *Store) SecretsUnderOtherMaster(ctx context.Context, keyID string) (n int, err error) {
	if err := s.pool.QueryRow(ctx, secretsUnderOtherMaster, keyID).Scan(&n); err != nil {
		return 0, fmt.Errorf("look for secrets under another master key: %w", pg.Translate(err))
	}
	return n, nil
}

func tenantOf(ctx context.Context) tenant.ID { return tenant.From(ctx).Tenant }

// scanTarget reads targetColumns, and after them into more.
func scanTarget(row pgx.Row, more ...any) (target.Target, error) {
	var t target.Target
	var disabled *time.Time
	err := row.Scan(append([]any{
		&t.ID, &t.Name, &t.Kind, &t.InterruptOnError, (*int64)(&t.Timeout), &t.Endpoint, &t.Payload,
		&t.Version, &t.Created, &t.Changed, &t.DisabledReason, &disabled,
	}, more...)...)
	t.Created, t.Changed, t.DisabledAt = t.Created.UTC(), t.Changed.UTC(), timeOf(disabled)
	return t, err
}

// timeOf reads a time that may be null.
func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// scanKeyed reads targetColumns and a key.
func scanKeyed(row pgx.Row) (k Keyed, err error) {
	k.Target, err = scanTarget(row, &k.Key.KeyID, &k.Key.Data)
	return k, err
}

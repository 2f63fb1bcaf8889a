package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/secret"
)

// Secrets are reached through the index secrets_name.
const (
	// An organization's secrets have no row that could be locked.
	lockSecrets = `SELECT pg_advisory_xact_lock(hashtextextended('actions.secrets ' || $1::text || ' ' || $2::text, 0))`

	countOtherSecrets = `SELECT count(*) FROM secrets WHERE tenant_id = $1 AND organization_id = $2 AND coalesce(action_id, '') = $3 AND name <> $4`

	upsertSecret = `INSERT INTO secrets (tenant_id, organization_id, action_id, name, key_id, ciphertext, set_at, set_by)
VALUES ($1, $2, nullif($3::text, ''), $4, $5, $6, $7, $8)
ON CONFLICT (tenant_id, organization_id, coalesce(action_id, ''), name)
DO UPDATE SET key_id = excluded.key_id, ciphertext = excluded.ciphertext, set_at = excluded.set_at, set_by = excluded.set_by`

	deleteSecret = `DELETE FROM secrets WHERE tenant_id = $1 AND organization_id = $2 AND coalesce(action_id, '') = $3 AND name = $4`

	// The organization's come first.
	listSecrets = `SELECT coalesce(action_id, ''), name, key_id, ciphertext, set_at, set_by FROM secrets
WHERE tenant_id = $1 AND organization_id = $2 AND coalesce(action_id, '') = ANY($3) ORDER BY coalesce(action_id, ''), name`

	// Reads the whole table, once at start.
	secretsUnderOtherMaster = `SELECT count(*) FROM secrets WHERE key_id <> $1`
)

// Secret is a secret as it is kept.
type Secret struct {
	Action action.ID // empty: of all actions of the organization
	Name   string
	Sealed secret.Sealed
	Set    time.Time
	By     tenant.PersonID
}

// Secrets returns the secrets of an action of the scope by their names, or
// those of all its actions where the id is empty: action.ErrNotFound.
func (s *Store) Secrets(ctx context.Context, in Scope, id action.ID) (found []Secret, err error) {
	err = s.read(ctx, func(tx pgx.Tx) error {
		if id != "" {
			if _, err := queryAction(ctx, tx, id, getAction, in.Tenant, in.Organization, id); err != nil {
				return err
			}
		}
		found, err = querySecrets(ctx, tx, in, id)
		return err
	})
	return found, err
}

// SecretsUnderOtherMaster returns how many secrets of all tenants are not
// encrypted under the master key that keyID names.
func (s *Store) SecretsUnderOtherMaster(ctx context.Context, keyID string) (n int, err error) {
	if err := s.pool.QueryRow(ctx, secretsUnderOtherMaster, keyID).Scan(&n); err != nil {
		return 0, fmt.Errorf("look for secrets under another master key: %w", pg.Translate(err))
	}
	return n, nil
}

// LockSecrets keeps others from changing the secrets of all of the scope's
// actions until the transaction ends. Those of one action are locked with it.
func (t *Tx) LockSecrets(ctx context.Context, in Scope) error {
	if _, err := t.tx.Exec(ctx, lockSecrets, in.Tenant, in.Organization); err != nil {
		return fmt.Errorf("lock secrets: %w", err)
	}
	return nil
}

// SetSecret stores a secret, which is locked, in place of one of its name.
// action.ErrManySecrets: there are as many others as may be.
func (t *Tx) SetSecret(ctx context.Context, in Scope, s Secret, most int) error {
	var others int
	if err := t.tx.QueryRow(ctx, countOtherSecrets, in.Tenant, in.Organization, s.Action, s.Name).Scan(&others); err != nil {
		return fmt.Errorf("count secrets: %w", err)
	}
	if others >= most {
		return action.ErrManySecrets
	}
	_, err := t.tx.Exec(ctx, upsertSecret, in.Tenant, in.Organization, s.Action, s.Name, s.Sealed.KeyID, s.Sealed.Data, s.Set, s.By)
	if err != nil {
		return fmt.Errorf("set secret %s: %w", s.Name, err)
	}
	return nil
}

// DeleteSecret deletes a secret, which is locked: action.ErrNoSecret.
func (t *Tx) DeleteSecret(ctx context.Context, in Scope, id action.ID, name string) error {
	tag, err := t.tx.Exec(ctx, deleteSecret, in.Tenant, in.Organization, id, name)
	switch {
	case err != nil:
		return fmt.Errorf("delete secret %s: %w", name, err)
	case tag.RowsAffected() == 0:
		return action.ErrNoSecret
	}
	return nil
}

// AnnounceAll announces a change of all actions of the change's organization.
func (t *Tx) AnnounceAll(ctx context.Context, now time.Time) error {
	return t.announceAction(ctx, "", changesv1.Operation_OPERATION_CHANGED, now)
}

// Secrets returns the secrets of an action, or those of all of the scope's
// actions where the id is empty, by their names. They are locked.
func (t *Tx) Secrets(ctx context.Context, in Scope, id action.ID) ([]Secret, error) {
	return querySecrets(ctx, t.tx, in, id)
}

func querySecrets(ctx context.Context, tx pgx.Tx, in Scope, of ...action.ID) ([]Secret, error) {
	rows, err := tx.Query(ctx, listSecrets, in.Tenant, in.Organization, of)
	if err != nil {
		return nil, fmt.Errorf("list secrets: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Secret, err error) {
		err = row.Scan(&s.Action, &s.Name, &s.Sealed.KeyID, &s.Sealed.Data, &s.Set, &s.By)
		s.Set = s.Set.UTC()
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("list secrets: %w", err)
	}
	return found, nil
}

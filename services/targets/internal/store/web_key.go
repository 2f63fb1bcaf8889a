package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/targets/internal/secret"
	"github.com/actionplane/actionplane/services/targets/internal/webkey"
)

const (
	// Index: web_keys_pkey.
	selectWebKeys = `SELECT id, algorithm, public_key, key_id, ciphertext FROM web_keys
WHERE tenant_id = $1 AND (expires_at IS NULL OR expires_at > now()) ORDER BY generation DESC`

	// Who comes second leaves it be. Index: web_keys_pkey.
	insertFirstWebKey = `INSERT INTO web_keys (tenant_id, generation, id, algorithm, public_key, key_id, ciphertext)
VALUES ($1, 1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`
)

// WebKey is a tenant's web key as it is kept.
type WebKey struct {
	webkey.Public
	Private secret.Sealed
}

// WebKeys returns the web keys of the tenant that are shown, newest first: it
// is the one that signs.
func (s *Store) WebKeys(ctx context.Context) ([]WebKey, error) {
	rows, err := s.pool.Query(ctx, selectWebKeys, tenantOf(ctx))
	if err != nil {
		return nil, fmt.Errorf("read web keys: %w", pg.Translate(err))
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k WebKey, err error) {
		return k, row.Scan(&k.ID, &k.Algorithm, &k.DER, &k.Private.KeyID, &k.Private.Data)
	})
	if err != nil {
		return nil, fmt.Errorf("read web keys: %w", pg.Translate(err))
	}
	return keys, nil
}

// AddFirstWebKey gives the tenant its first web key; one that has had any keeps
// what it has.
func (s *Store) AddFirstWebKey(ctx context.Context, k WebKey) error {
	_, err := s.pool.Exec(ctx, insertFirstWebKey, tenantOf(ctx), k.ID, k.Algorithm, k.DER, k.Private.KeyID, k.Private.Data)
	if err != nil {
		return fmt.Errorf("keep the first web key: %w", pg.Translate(err))
	}
	return nil
}

package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/targets/internal/secret"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// Statements about HMAC keys and, below, about ed25519 keys. Both tables are
// reached through their primary keys.
const (
	insertKey = `INSERT INTO signing_keys (target_id, version, key_id, ciphertext, created_at) VALUES ($1, $2, $3, $4, $5)`

	// least takes the date where the other is null.
	expireKeys = `UPDATE signing_keys SET expires_at = least(expires_at, $2) WHERE target_id = $1`

	deleteExpiredKeys = `DELETE FROM signing_keys WHERE target_id = $1 AND expires_at <= $2`

	insertEd25519Key = `INSERT INTO ed25519_keys (target_id, version, key_id, ciphertext, created_at, public_key)
VALUES ($1, $2, $3, $4, $5, $6)`

	expireEd25519Keys = `UPDATE ed25519_keys SET expires_at = least(expires_at, $2) WHERE target_id = $1`

	deleteExpiredEd25519Keys = `DELETE FROM ed25519_keys WHERE target_id = $1 AND expires_at <= $2`

	// now() would do for the date, but who has just changed the target looks
	// from the time of its change.
	selectKeys = `SELECT k.key_id, k.ciphertext, ''::bytea, k.created_at, k.expires_at
FROM targets t JOIN signing_keys k ON k.target_id = t.id
WHERE t.tenant_id = $1 AND t.id = $2 AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
ORDER BY k.version DESC`

	selectEd25519Keys = `SELECT k.key_id, k.ciphertext, k.public_key, k.created_at, k.expires_at
FROM targets t JOIN ed25519_keys k ON k.target_id = t.id
WHERE t.tenant_id = $1 AND t.id = $2 AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
ORDER BY k.version DESC`
)

// SigningKey is a key that signs for a target.
type SigningKey struct {
	Sealed  secret.Sealed
	Public  []byte // ed25519 only
	Created time.Time
	Expires time.Time // zero: it does not expire
}

// AddKey gives t, as it now is, its newest HMAC key.
func (x *Tx) AddKey(ctx context.Context, t target.Target, key secret.Sealed) error {
	_, err := x.tx.Exec(ctx, insertKey, t.ID, t.Version, key.KeyID, key.Data, t.Changed)
	return done("add a signing key to", t.ID, err)
}

// ExpireKeys lets the HMAC keys that t has go on signing for overlap from its
// last change on, none longer than it would have anyway, and deletes those
// whose time is over.
func (x *Tx) ExpireKeys(ctx context.Context, t target.Target, overlap time.Duration) error {
	return x.expire(ctx, t, overlap, expireKeys, deleteExpiredKeys)
}

// AddEd25519Key gives t, as it now is, its newest ed25519 key.
func (x *Tx) AddEd25519Key(ctx context.Context, t target.Target, seed secret.Sealed, public []byte) error {
	_, err := x.tx.Exec(ctx, insertEd25519Key, t.ID, t.Version, seed.KeyID, seed.Data, t.Changed, public)
	return done("add an ed25519 key to", t.ID, err)
}

// ExpireEd25519Keys does for ed25519 keys as ExpireKeys for the others.
func (x *Tx) ExpireEd25519Keys(ctx context.Context, t target.Target, overlap time.Duration) error {
	return x.expire(ctx, t, overlap, expireEd25519Keys, deleteExpiredEd25519Keys)
}

// Keys returns the HMAC keys of a target that sign now, newest first.
func (x *Tx) Keys(ctx context.Context, id target.ID) ([]SigningKey, error) {
	return signingKeys(ctx, x.tx, selectKeys, id)
}

// Ed25519Keys returns the ed25519 keys of a target that sign now, newest first.
func (x *Tx) Ed25519Keys(ctx context.Context, id target.ID) ([]SigningKey, error) {
	return signingKeys(ctx, x.tx, selectEd25519Keys, id)
}

func (x *Tx) expire(ctx context.Context, t target.Target, overlap time.Duration, expire, forget string) error {
	if _, err := x.tx.Exec(ctx, expire, t.ID, t.Changed.Add(overlap)); err != nil {
		return done("expire the signing keys of", t.ID, err)
	}
	_, err := x.tx.Exec(ctx, forget, t.ID, t.Changed)
	return done("delete expired signing keys of", t.ID, err)
}

func signingKeys(ctx context.Context, tx pgx.Tx, statement string, id target.ID) ([]SigningKey, error) {
	rows, err := tx.Query(ctx, statement, tenantOf(ctx), id)
	if err != nil {
		return nil, fmt.Errorf("read signing keys of %s: %w", id, pg.Translate(err))
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k SigningKey, err error) {
		var expires *time.Time
		err = row.Scan(&k.Sealed.KeyID, &k.Sealed.Data, &k.Public, &k.Created, &expires)
		k.Created, k.Expires = k.Created.UTC(), timeOf(expires)
		return k, err
	})
	if err != nil {
		return nil, fmt.Errorf("read signing keys of %s: %w", id, pg.Translate(err))
	}
	return keys, nil
}

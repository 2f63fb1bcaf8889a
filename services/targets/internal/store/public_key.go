package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/services/targets/internal/publickey"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

const (
	// Index: targets_pkey, public_keys_pkey.
	selectPublicKeys = `SELECT k.id, k.active, k.pem, k.fingerprint, k.created_at, k.changed_at, k.expires_at
FROM targets t JOIN public_keys k ON k.target_id = t.id
WHERE t.tenant_id = $1 AND t.id = $2 ORDER BY k.created_at, k.id`

	// Index: public_keys_pkey.
	insertPublicKey = `INSERT INTO public_keys (target_id, id, active, pem, fingerprint, created_at, changed_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

	// Index: public_keys_pkey.
	switchPublicKey = `UPDATE public_keys SET active = $3, changed_at = $4 WHERE target_id = $1 AND id = $2`

	// Index: public_keys_active.
	deactivatePublicKeys = `UPDATE public_keys SET active = false, changed_at = $2 WHERE target_id = $1 AND active`

	// Index: public_keys_pkey.
	deletePublicKey = `DELETE FROM public_keys WHERE target_id = $1 AND id = $2`
)

// PublicKeys returns the public keys of a target in the order they came.
func (x *Tx) PublicKeys(ctx context.Context, id target.ID) ([]publickey.Key, error) {
	rows, err := x.tx.Query(ctx, selectPublicKeys, tenantOf(ctx), id)
	if err != nil {
		return nil, done("read the public keys of", id, err)
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k publickey.Key, err error) {
		var expires *time.Time
		err = row.Scan(&k.ID, &k.Active, &k.PEM, &k.Fingerprint, &k.Created, &k.Changed, &expires)
		k.Created, k.Changed, k.Expires = k.Created.UTC(), k.Changed.UTC(), timeOf(expires)
		return k, err
	})
	return keys, done("read the public keys of", id, err)
}

// AddPublicKey gives t a public key.
func (x *Tx) AddPublicKey(ctx context.Context, t target.Target, k publickey.Key) error {
	var expires *time.Time
	if !k.Expires.IsZero() {
		expires = &k.Expires
	}
	_, err := x.tx.Exec(ctx, insertPublicKey, t.ID, k.ID, k.Active, k.PEM, k.Fingerprint, k.Created, k.Changed, expires)
	return done("add a public key to", t.ID, err)
}

// ActivatePublicKey makes a public key of t the one that is active, as of t's
// last change.
func (x *Tx) ActivatePublicKey(ctx context.Context, t target.Target, id string) error {
	if _, err := x.tx.Exec(ctx, deactivatePublicKeys, t.ID, t.Changed); err != nil {
		return done("deactivate the public key of", t.ID, err)
	}
	_, err := x.tx.Exec(ctx, switchPublicKey, t.ID, id, true, t.Changed)
	return done("activate a public key of", t.ID, err)
}

// DeactivatePublicKey leaves t without an active key, as of its last change.
func (x *Tx) DeactivatePublicKey(ctx context.Context, t target.Target, id string) error {
	_, err := x.tx.Exec(ctx, switchPublicKey, t.ID, id, false, t.Changed)
	return done("deactivate a public key of", t.ID, err)
}

// DeletePublicKey forgets a public key of t.
func (x *Tx) DeletePublicKey(ctx context.Context, t target.Target, id string) error {
	_, err := x.tx.Exec(ctx, deletePublicKey, t.ID, id)
	return done("delete a public key of", t.ID, err)
}

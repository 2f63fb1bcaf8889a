package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/tenant"
)

// Token is a personal access token; of the secret only the hash is here.
type Token struct {
	ID        string
	Name      string
	Holder    tenant.PersonID
	CreatedBy tenant.PersonID // "": the configuration
	Created   time.Time
	Expires   *time.Time // nil: never
	LastUsed  *time.Time // coarse; nil: never
}

// tokenColumns is what scanToken reads, of tokens as t.
const tokenColumns = `t.id, t.name, t.person_id, coalesce(t.created_by::text, ''), t.created_at, t.expires_at, t.last_used_at`

const (
	// Index: tokens_person.
	fromTokens = `FROM tokens t WHERE t.tenant_id = $1 AND t.person_id = $2 AND t.revoked_at IS NULL`

	// Index: tokens_person.
	countLiveTokens = `SELECT count(*), clock_timestamp() ` + fromTokens + ` AND (t.expires_at IS NULL OR t.expires_at > now())`

	// Indexes: tokens_person, identities_person.
	hasCredentials = `SELECT EXISTS (SELECT FROM tokens WHERE tenant_id = $1 AND person_id = $2)
    OR EXISTS (SELECT FROM identities WHERE tenant_id = $1 AND person_id = $2)`

	insertToken = `INSERT INTO tokens AS t (tenant_id, id, person_id, name, sha256, created_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, nullif($6, '')::uuid, $7, $8) RETURNING ` + tokenColumns

	// Index: tokens_pkey.
	revokeToken = `UPDATE tokens SET revoked_at = now()
WHERE tenant_id = $1 AND id = $2 AND person_id = $3 AND revoked_at IS NULL RETURNING id`

	// Index: tokens_pkey.
	touchToken = `UPDATE tokens SET last_used_at = now()
WHERE tenant_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < now() - interval '10 minutes')`
)

// Tokens returns a page of a person's tokens that are not revoked.
func (s *Store) Tokens(ctx context.Context, in tenant.ID, holder tenant.PersonID, p Page) (Found[Token], error) {
	found, err := find(ctx, s, tokenColumns, fromTokens, "t.id", p,
		func(row pgx.CollectableRow) (Token, error) { return scanToken(row) }, in, holder)
	return found, done("list tokens of", string(holder), err)
}

// LiveTokens counts a person's tokens that work, and returns the database's
// time, by which they expire.
func (x *Tx) LiveTokens(ctx context.Context, holder tenant.PersonID) (n int, now time.Time, err error) {
	err = x.tx.QueryRow(ctx, countLiveTokens, x.in, holder).Scan(&n, &now)
	return n, now, done("count tokens of", string(holder), err)
}

// HasCredentials reports whether a person has, or ever had, a token, or is a
// subject of an OIDC issuer.
func (x *Tx) HasCredentials(ctx context.Context, id tenant.PersonID) (has bool, err error) {
	err = x.tx.QueryRow(ctx, hasCredentials, x.in, id).Scan(&has)
	return has, done("look for credentials of", string(id), err)
}

// InsertToken keeps a token under the SHA-256 of its secret.
func (x *Tx) InsertToken(ctx context.Context, t Token, sha256 []byte) (Token, error) {
	made, err := scanToken(x.tx.QueryRow(ctx, insertToken, x.in, t.ID, t.Holder, t.Name, sha256, t.CreatedBy, t.Created, t.Expires))
	return made, done("insert token", t.ID, err)
}

// RevokeToken ends a person's token. NotFound: he has no such token.
func (x *Tx) RevokeToken(ctx context.Context, holder tenant.PersonID, id string) error {
	var revoked string
	return done("revoke token", id, x.tx.QueryRow(ctx, revokeToken, x.in, id, holder).Scan(&revoked))
}

// TouchToken keeps that a token was used, at most once in ten minutes.
func (s *Store) TouchToken(ctx context.Context, in tenant.ID, id string) error {
	_, err := s.pool.Exec(ctx, touchToken, in, id)
	return done("touch token", id, err)
}

// scanToken reads tokenColumns.
func scanToken(row pgx.Row) (t Token, err error) {
	err = row.Scan(&t.ID, &t.Name, &t.Holder, &t.CreatedBy, &t.Created, &t.Expires, &t.LastUsed)
	return t, err
}

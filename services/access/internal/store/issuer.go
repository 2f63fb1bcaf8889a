package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/access/internal/oidc"
)

// Issuer is an OIDC issuer that was made known by a call.
type Issuer struct {
	ID       string
	Settings oidc.Settings
	Created  time.Time
}

// issuerColumns is what scanIssuer reads.
const issuerColumns = `id, settings, created_at`

const (
	// Index: issuers_pkey.
	selectIssuers = `SELECT ` + issuerColumns + ` FROM issuers WHERE tenant_id = $1 ORDER BY id`
	selectIssuer  = `SELECT ` + issuerColumns + ` FROM issuers WHERE tenant_id = $1 AND id = $2`

	// Index: issuers_tenant_id_issuer_key.
	selectIssuerNamed = `SELECT ` + issuerColumns + ` FROM issuers WHERE tenant_id = $1 AND issuer = $2`

	// Index: issuers_pkey.
	countIssuers = `SELECT count(*) FROM issuers WHERE tenant_id = $1`

	insertIssuer = `INSERT INTO issuers (tenant_id, id, issuer, organization_id, settings, created_by)
VALUES ($1, $2, $3, nullif($4, '')::uuid, $5, nullif($6, '')::uuid) RETURNING ` + issuerColumns

	// Index: issuers_pkey.
	deleteIssuer = `DELETE FROM issuers WHERE tenant_id = $1 AND id = $2 RETURNING id`
)

// Issuers returns all issuers, in the order of their ids.
func (s *Store) Issuers(ctx context.Context, in tenant.ID) ([]Issuer, error) {
	rows, err := s.pool.Query(ctx, selectIssuers, in)
	if err != nil {
		return nil, done("list issuers of", string(in), err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Issuer, error) { return scanIssuer(row) })
	return found, done("list issuers of", string(in), err)
}

// Issuer returns an issuer by its id. NotFound: there is none.
func (s *Store) Issuer(ctx context.Context, in tenant.ID, id string) (Issuer, error) {
	i, err := scanIssuer(s.pool.QueryRow(ctx, selectIssuer, in, id))
	return i, done("read issuer", id, err)
}

// IssuerNamed returns an issuer by what it calls itself. NotFound: there is
// none.
func (s *Store) IssuerNamed(ctx context.Context, in tenant.ID, name string) (Issuer, error) {
	i, err := scanIssuer(s.pool.QueryRow(ctx, selectIssuerNamed, in, name))
	return i, done("read issuer", name, err)
}

// CountIssuers counts the issuers.
func (x *Tx) CountIssuers(ctx context.Context) (n int, err error) {
	err = x.tx.QueryRow(ctx, countIssuers, x.in).Scan(&n)
	return n, done("count issuers of", string(x.in), err)
}

// InsertIssuer makes an issuer known. AlreadyExists: it is.
func (x *Tx) InsertIssuer(ctx context.Context, id string, s oidc.Settings, by tenant.PersonID) (Issuer, error) {
	i, err := scanIssuer(x.tx.QueryRow(ctx, insertIssuer, x.in, id, s.Issuer, s.Organization, s, by))
	return i, done("insert issuer", id, err)
}

// DeleteIssuer forgets an issuer. NotFound: there is none.
func (x *Tx) DeleteIssuer(ctx context.Context, id string) error {
	var deleted string
	return done("delete issuer", id, x.tx.QueryRow(ctx, deleteIssuer, x.in, id).Scan(&deleted))
}

// scanIssuer reads issuerColumns.
func scanIssuer(row pgx.Row) (i Issuer, err error) {
	err = row.Scan(&i.ID, &i.Settings, &i.Created)
	return i, err
}

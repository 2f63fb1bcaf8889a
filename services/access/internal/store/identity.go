package store

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
)

const (
	// Index: people_address.
	personWithEmail = `SELECT ` + personColumns + ` FROM people p WHERE p.tenant_id = $1 AND lower(p.email) = lower($2) AND p.email <> ''`

	insertIdentity = `INSERT INTO identities (tenant_id, issuer, subject, person_id) VALUES ($1, $2, $3, $4)`

	// Index: identities_pkey.
	identityExists = `SELECT EXISTS (SELECT FROM identities WHERE tenant_id = $1 AND issuer = $2 AND subject = $3)`

	firstOrganization = `SELECT ` + organizationColumns + ` FROM organizations o WHERE o.tenant_id = $1 AND o.bootstrap`
)

// HasIdentity reports whether a subject of an issuer is somebody already.
func (x *Tx) HasIdentity(ctx context.Context, issuer, subject string) (found bool, err error) {
	err = x.tx.QueryRow(ctx, identityExists, x.in, issuer, subject).Scan(&found)
	return found, done("look up a subject of", issuer, err)
}

// PersonWithEmail returns who has an address, whatever the case. NotFound:
// nobody.
func (x *Tx) PersonWithEmail(ctx context.Context, email string) (Person, error) {
	p, err := scanPerson(x.tx.QueryRow(ctx, personWithEmail, x.in, email))
	return p, done("look up a person by", "address", err)
}

// InsertIdentity says who a subject of an issuer is from now on.
func (x *Tx) InsertIdentity(ctx context.Context, issuer, subject string, id tenant.PersonID) error {
	_, err := x.tx.Exec(ctx, insertIdentity, x.in, issuer, subject, id)
	return done("link a subject to person", string(id), err)
}

// FirstOrganization returns the organization that the tenant began with.
func (s *Store) FirstOrganization(ctx context.Context, in tenant.ID) (Organization, error) {
	o, err := scanOrganization(s.pool.QueryRow(ctx, firstOrganization, in))
	return o, done("read the first organization of", string(in), err)
}

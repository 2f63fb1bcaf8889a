package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/access/internal/role"
)

// Holder is the person behind a credential.
type Holder struct {
	ID    tenant.PersonID
	Email string
	Name  string
	Kind  Kind
	State State
	// Organization is the one asked for, or the holder's own where none was;
	// empty where there is no such organization.
	Organization       tenant.OrganizationID
	OrganizationActive bool
	InstanceRoles      []role.Role
	OrganizationRoles  []role.Role // in Organization

	Token string // its id; empty: the credential was another one
	Stale bool   // it is time to keep that the token was used
}

// holderColumns answers everything about p at once, in organization $4, or in
// his own where $3 says so.
const holderColumns = `p.id, p.email, p.name, p.kind, p.state, coalesce(o.id::text, ''), coalesce(o.state = 'active', false),
    ARRAY(SELECT m.role FROM memberships m
        WHERE m.tenant_id = p.tenant_id AND m.person_id = p.id AND m.organization_id IS NULL),
    ARRAY(SELECT m.role FROM memberships m
        WHERE m.tenant_id = p.tenant_id AND m.person_id = p.id AND m.organization_id = o.id)`

const holderOrganization = `
LEFT JOIN organizations o ON o.tenant_id = p.tenant_id AND o.state <> 'deleted'
    AND o.id = CASE WHEN $3 THEN p.organization_id ELSE $4::uuid END`

// Expiry is judged by the database's clock, the only one that all replicas
// share. Index: tokens_live.
const holderOfToken = `
SELECT ` + holderColumns + `, t.id, (t.last_used_at IS NULL OR t.last_used_at < now() - interval '10 minutes')
FROM tokens t
JOIN people p ON p.tenant_id = t.tenant_id AND p.id = t.person_id AND p.state = 'active'` + holderOrganization + `
WHERE t.tenant_id = $1 AND t.sha256 = $2 AND t.revoked_at IS NULL
    AND (t.expires_at IS NULL OR t.expires_at > now())`

// HolderOfToken returns who holds the token with a SHA-256, and his roles in
// an organization, his own where it is "". NotFound: nobody holds it, it has
// expired or was revoked, or its holder is locked out.
func (s *Store) HolderOfToken(ctx context.Context, in tenant.ID, sha256 []byte, organization string) (Holder, error) {
	var h Holder
	row := s.pool.QueryRow(ctx, holderOfToken, in, sha256, organization == "", asked(organization))
	err := scanHolder(row, &h, &h.Token, &h.Stale)
	return h, done("look up the holder of", "a token", err)
}

// Index: identities_pkey.
const holderOfIdentity = `
SELECT ` + holderColumns + `
FROM identities i
JOIN people p ON p.tenant_id = i.tenant_id AND p.id = i.person_id` + holderOrganization + `
WHERE i.tenant_id = $1 AND i.issuer = $2 AND i.subject = $5`

// HolderOfIdentity returns who a subject of an issuer is, perhaps locked out,
// and his roles in an organization, his own where it is "". NotFound: nobody.
func (s *Store) HolderOfIdentity(ctx context.Context, in tenant.ID, issuer, subject, organization string) (Holder, error) {
	var h Holder
	row := s.pool.QueryRow(ctx, holderOfIdentity, in, issuer, organization == "", asked(organization), subject)
	return h, done("look up a subject of", issuer, scanHolder(row, &h))
}

// asked returns an id to look for. What is no id is the id of nothing, and is
// looked up all the same.
func asked(organization string) *string {
	if !ident.IsUUID(organization) {
		return nil
	}
	return &organization
}

// scanHolder reads holderColumns, and after them into more.
func scanHolder(row pgx.Row, h *Holder, more ...any) error {
	return row.Scan(append([]any{
		&h.ID, &h.Email, &h.Name, &h.Kind, &h.State, &h.Organization, &h.OrganizationActive, &h.InstanceRoles, &h.OrganizationRoles,
	}, more...)...)
}

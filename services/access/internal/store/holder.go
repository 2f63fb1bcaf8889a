package store

import (
	"context"
	"fmt"

	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/access/internal/role"
)

// Holder is the person behind a token.
type Holder struct {
	ID    tenant.PersonID
	Email string
	Name  string
	// Organization is the one asked for, or the holder's own where none was;
	// empty where there is no such organization.
	Organization      tenant.OrganizationID
	InstanceRoles     []role.Role
	OrganizationRoles []role.Role // in Organization
}

// holderOfToken answers everything at once. Expiry is judged by the database's
// clock, the only one that all replicas share. Index: tokens_live.
const holderOfToken = `
SELECT p.id, p.email, p.name, coalesce(o.id::text, ''),
    ARRAY(SELECT m.role FROM memberships m
        WHERE m.tenant_id = p.tenant_id AND m.person_id = p.id AND m.organization_id IS NULL),
    ARRAY(SELECT m.role FROM memberships m
        WHERE m.tenant_id = p.tenant_id AND m.person_id = p.id AND m.organization_id = o.id)
FROM tokens t
JOIN people p ON p.tenant_id = t.tenant_id AND p.id = t.person_id
LEFT JOIN organizations o ON o.tenant_id = p.tenant_id
    AND o.id = CASE WHEN $3 THEN p.organization_id ELSE $4::uuid END
WHERE t.tenant_id = $1 AND t.sha256 = $2 AND t.revoked_at IS NULL
    AND (t.expires_at IS NULL OR t.expires_at > now())`

// HolderOfToken returns who holds the token with a SHA-256, and his roles in
// an organization, his own where it is "". NotFound: nobody holds it, or it
// has expired or was revoked.
func (s *Store) HolderOfToken(ctx context.Context, in tenant.ID, sha256 []byte, organization string) (Holder, error) {
	// What is no id is the id of nothing, and is looked up all the same.
	var asked *string
	if ident.IsUUID(organization) {
		asked = &organization
	}
	var h Holder
	err := s.pool.QueryRow(ctx, holderOfToken, in, sha256, organization == "", asked).
		Scan(&h.ID, &h.Email, &h.Name, &h.Organization, &h.InstanceRoles, &h.OrganizationRoles)
	if err != nil {
		return Holder{}, fmt.Errorf("look up the holder of a token: %w", pg.Translate(err))
	}
	return h, nil
}

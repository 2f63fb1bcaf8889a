package store

import (
	"context"
	"fmt"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/access/internal/role"
)

// countPeopleWithRole yields no row for an organization that does not exist.
// Index: memberships_role.
const countPeopleWithRole = `
SELECT (SELECT count(DISTINCT m.person_id) FROM memberships m
    WHERE m.tenant_id = o.tenant_id AND m.role = ANY($3)
        AND (m.organization_id = o.id OR m.organization_id IS NULL))
FROM organizations o
WHERE o.tenant_id = $1 AND o.id = $2`

// CountPeopleWithRole counts the people who hold one of the roles in an
// organization or in the instance. NotFound: no such organization.
func (s *Store) CountPeopleWithRole(ctx context.Context, in tenant.ID, organization tenant.OrganizationID, roles []role.Role) (uint32, error) {
	var n uint32
	if err := s.pool.QueryRow(ctx, countPeopleWithRole, in, organization, roles).Scan(&n); err != nil {
		return 0, fmt.Errorf("count people with a role: %w", pg.Translate(err))
	}
	return n, nil
}

package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/access/internal/human"
	"github.com/actionplane/actionplane/services/access/internal/role"
)

// Reviewer is a person as approvals sees him.
type Reviewer struct {
	ID     tenant.PersonID
	Name   string
	Email  string
	Human  human.ID // empty: a service
	Active bool
	// Roles that hold in the organization asked about, those of the instance
	// included.
	Roles []role.Role
	// Controllers are the other humans who made live tokens of this person.
	Controllers []human.ID
}

const organizationExists = `
SELECT EXISTS (SELECT FROM organizations WHERE tenant_id = $1 AND id = $2 AND state <> 'deleted')`

// countHumansWithRole counts humans, not accounts. Index: memberships_role.
const countHumansWithRole = `
SELECT count(DISTINCT p.canonical_email)
FROM memberships m
JOIN people p ON p.tenant_id = m.tenant_id AND p.id = m.person_id
WHERE m.tenant_id = $1 AND m.role = ANY($3)
    AND (m.organization_id = $2 OR m.organization_id IS NULL)
    AND p.kind = 'human' AND p.state = 'active'`

// CountHumansWithRole counts the active humans who hold one of the roles in an
// organization or in the instance. NotFound: no such organization.
func (s *Store) CountHumansWithRole(ctx context.Context, in tenant.ID, organization tenant.OrganizationID, roles []role.Role) (uint32, error) {
	if err := s.mustExist(ctx, in, organization); err != nil {
		return 0, err
	}
	var n uint32
	if err := s.pool.QueryRow(ctx, countHumansWithRole, in, organization, roles).Scan(&n); err != nil {
		return 0, fmt.Errorf("count humans with a role: %w", pg.Translate(err))
	}
	return n, nil
}

// reviewerColumns reads p with the roles that hold in organization $2, and the
// addresses of those who made live tokens for him.
const reviewerColumns = `
p.id, p.name, p.email, CASE WHEN p.kind = 'human' THEN p.canonical_email ELSE '' END, p.state = 'active',
ARRAY(SELECT m.role FROM memberships m
    WHERE m.tenant_id = p.tenant_id AND m.person_id = p.id
        AND (m.organization_id = $2 OR m.organization_id IS NULL)),
ARRAY(SELECT DISTINCT c.canonical_email FROM tokens t
    JOIN people c ON c.tenant_id = t.tenant_id AND c.id = t.created_by
    WHERE t.tenant_id = p.tenant_id AND t.person_id = p.id AND t.revoked_at IS NULL
        AND (t.expires_at IS NULL OR t.expires_at > now())
        AND c.kind = 'human' AND c.canonical_email <> p.canonical_email)`

// Index: memberships_role, then people_pkey.
const reviewersOfOrganization = `
SELECT ` + reviewerColumns + `
FROM people p
WHERE p.tenant_id = $1 AND p.kind = 'human' AND p.state = 'active'
    AND p.id IN (SELECT m.person_id FROM memberships m
        WHERE m.tenant_id = $1 AND m.role = ANY($3) AND (m.organization_id = $2 OR m.organization_id IS NULL))
ORDER BY p.id`

// HumansWithRole returns the active humans who hold one of the roles in an
// organization or in the instance, by id. NotFound: no such organization.
func (s *Store) HumansWithRole(ctx context.Context, in tenant.ID, organization tenant.OrganizationID, roles []role.Role) ([]Reviewer, error) {
	if err := s.mustExist(ctx, in, organization); err != nil {
		return nil, err
	}
	return s.reviewers(ctx, reviewersOfOrganization, in, organization, roles)
}

// Index: people_pkey.
const peopleInOrganization = `
SELECT ` + reviewerColumns + `
FROM people p
WHERE p.tenant_id = $1 AND p.state <> 'deleted' AND p.id = ANY($3)`

// PeopleIn returns those of the people who exist, in no particular order, with
// what they are in an organization. NotFound: no such organization.
func (s *Store) PeopleIn(ctx context.Context, in tenant.ID, organization tenant.OrganizationID, ids []tenant.PersonID) ([]Reviewer, error) {
	if err := s.mustExist(ctx, in, organization); err != nil {
		return nil, err
	}
	return s.reviewers(ctx, peopleInOrganization, in, organization, ids)
}

func (s *Store) mustExist(ctx context.Context, in tenant.ID, organization tenant.OrganizationID) error {
	var exists bool
	if err := s.pool.QueryRow(ctx, organizationExists, in, organization).Scan(&exists); err != nil {
		return fmt.Errorf("look up organization %s: %w", organization, pg.Translate(err))
	}
	if !exists {
		return fault.NotFound("organization %s not found", organization)
	}
	return nil
}

func (s *Store) reviewers(ctx context.Context, statement string, args ...any) ([]Reviewer, error) {
	rows, err := s.pool.Query(ctx, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("read reviewers: %w", pg.Translate(err))
	}
	found, err := pgx.CollectRows(rows, scanReviewer)
	if err != nil {
		return nil, fmt.Errorf("read reviewers: %w", pg.Translate(err))
	}
	return found, nil
}

// scanReviewer reads reviewerColumns.
func scanReviewer(row pgx.CollectableRow) (r Reviewer, err error) {
	var canonical string
	var controllers []string
	if err := row.Scan(&r.ID, &r.Name, &r.Email, &canonical, &r.Active, &r.Roles, &controllers); err != nil {
		return Reviewer{}, err
	}
	r.Human = human.FromEmail(canonical)
	for _, c := range controllers {
		r.Controllers = append(r.Controllers, human.FromEmail(c))
	}
	return r, nil
}

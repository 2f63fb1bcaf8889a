package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/access/internal/role"
)

// Membership is the roles of a person in one place.
type Membership struct {
	Organization tenant.OrganizationID // "": the instance
	Name         string                // of the organization
	Roles        []role.Role           // canonical and sorted
}

// Member is a person with his roles in one place.
type Member struct {
	Person Person
	Roles  []role.Role // canonical and sorted
	Since  time.Time
}

const (
	// Index: memberships_person. The instance comes first: a null organization
	// has the empty name.
	selectMemberships = `SELECT coalesce(m.organization_id::text, ''), coalesce(max(o.name), ''), array_agg(m.role)
FROM memberships m LEFT JOIN organizations o ON o.tenant_id = m.tenant_id AND o.id = m.organization_id
WHERE m.tenant_id = $1 AND m.person_id = $2 AND (o.id IS NULL OR o.state = ANY($3))
GROUP BY m.organization_id ORDER BY m.organization_id NULLS FIRST LIMIT 1000`

	// Index: memberships_person.
	deleteRoles = `DELETE FROM memberships
WHERE tenant_id = $1 AND person_id = $2 AND organization_id IS NOT DISTINCT FROM nullif($3, '')::uuid AND role <> ALL(coalesce($4::text[], '{}'))`

	insertRoles = `INSERT INTO memberships (tenant_id, person_id, organization_id, role)
SELECT $1, $2, nullif($3, '')::uuid, unnest($4::text[]) ON CONFLICT DO NOTHING`

	// Index: memberships_role.
	countHumanOwners = `SELECT count(*) FROM memberships m
JOIN people p ON p.tenant_id = m.tenant_id AND p.id = m.person_id
WHERE m.tenant_id = $1 AND m.organization_id IS NULL AND m.role = $2 AND p.kind = 'human' AND p.state = 'active'`

	memberColumns = personColumns + `, (
    SELECT array_agg(m.role) FROM memberships m
    WHERE m.tenant_id = $1 AND m.person_id = p.id AND m.organization_id IS NOT DISTINCT FROM nullif($2, '')::uuid), (
    SELECT min(m.created_at) FROM memberships m
    WHERE m.tenant_id = $1 AND m.person_id = p.id AND m.organization_id IS NOT DISTINCT FROM nullif($2, '')::uuid)`

	// Index: memberships_person.
	fromMembers = `FROM people p
WHERE p.tenant_id = $1 AND p.state <> 'deleted' AND EXISTS (
        SELECT FROM memberships m
        WHERE m.tenant_id = $1 AND m.person_id = p.id AND m.organization_id IS NOT DISTINCT FROM nullif($2, '')::uuid)
    AND (position(lower($3) IN lower(p.name)) > 0 OR position(lower($3) IN lower(p.email)) > 0)`

	selectMember = `SELECT ` + memberColumns + ` ` + fromMembers + ` AND p.id = $4`
)

// MemberQuery says which members are wanted.
type MemberQuery struct {
	Organization tenant.OrganizationID // "": the instance
	Text         string                // part of the name or address, whatever the case
	Page
}

// Members returns a page of those who hold roles in an organization or in the
// instance.
func (s *Store) Members(ctx context.Context, in tenant.ID, q MemberQuery) (Found[Member], error) {
	found, err := find(ctx, s, memberColumns, fromMembers, "p.id", q.Page,
		func(row pgx.CollectableRow) (Member, error) { return scanMember(row) },
		in, q.Organization, q.Text)
	return found, done("list members of", string(q.Organization), err)
}

// Memberships returns where a person holds roles, except in organizations that
// are inactive.
func (s *Store) Memberships(ctx context.Context, in tenant.ID, id tenant.PersonID) ([]Membership, error) {
	rows, err := s.pool.Query(ctx, selectMemberships, in, id, []State{Active})
	if err != nil {
		return nil, done("read the roles of", string(id), err)
	}
	found, err := pgx.CollectRows(rows, scanMembership)
	return found, done("read the roles of", string(id), err)
}

// Memberships returns where a person holds roles.
func (x *Tx) Memberships(ctx context.Context, id tenant.PersonID) ([]Membership, error) {
	rows, err := x.tx.Query(ctx, selectMemberships, x.in, id, []State{Active, Inactive})
	if err != nil {
		return nil, done("read the roles of", string(id), err)
	}
	found, err := pgx.CollectRows(rows, scanMembership)
	return found, done("read the roles of", string(id), err)
}

// ReplaceRoles gives a person exactly these roles in an organization, or in
// the instance where that is "".
func (x *Tx) ReplaceRoles(ctx context.Context, id tenant.PersonID, in tenant.OrganizationID, roles []role.Role) error {
	for _, statement := range []string{deleteRoles, insertRoles} {
		if _, err := x.tx.Exec(ctx, statement, x.in, id, in, roles); err != nil {
			return done("replace the roles of", string(id), err)
		}
	}
	return nil
}

// Member returns a person with his roles in an organization, or in the
// instance where that is "". NotFound: he holds none.
func (x *Tx) Member(ctx context.Context, id tenant.PersonID, in tenant.OrganizationID) (Member, error) {
	m, err := scanMember(x.tx.QueryRow(ctx, selectMember, x.in, in, "", id))
	return m, done("read member", string(id), err)
}

// HumanOwners counts the active humans who own the instance.
func (x *Tx) HumanOwners(ctx context.Context) (n int, err error) {
	err = x.tx.QueryRow(ctx, countHumanOwners, x.in, role.InstanceOwner).Scan(&n)
	return n, done("count owners of", string(x.in), err)
}

// scanMember reads memberColumns.
func scanMember(row pgx.Row) (m Member, err error) {
	p := &m.Person
	err = row.Scan(&p.ID, &p.Organization, &p.Kind, &p.State, &p.Name, &p.Email, &p.Created, &p.Changed, &m.Roles, &m.Since)
	m.Roles = role.Distinct(m.Roles)
	return m, err
}

func scanMembership(row pgx.CollectableRow) (m Membership, err error) {
	err = row.Scan(&m.Organization, &m.Name, &m.Roles)
	m.Roles = role.Distinct(m.Roles)
	return m, err
}

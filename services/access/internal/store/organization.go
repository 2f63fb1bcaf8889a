package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/tenant"
)

// State is whether an organization or a person is in use.
type State string

// The states. What is deleted is found by nobody.
const (
	Active   State = "active"
	Inactive State = "inactive"
)

// Organization is a part of the instance.
type Organization struct {
	ID               tenant.OrganizationID
	Name             string
	State            State
	First            bool // made at the first start
	Created, Changed time.Time
}

// organizationColumns is what scanOrganization reads, of organizations as o.
const organizationColumns = `o.id, o.name, o.state, o.bootstrap, o.created_at, o.changed_at`

const (
	// Index: organizations_pkey.
	selectOrganization = `SELECT ` + organizationColumns + ` FROM organizations o
WHERE o.tenant_id = $1 AND o.id = $2 AND o.state <> 'deleted'`

	lockOrganization = selectOrganization + ` FOR UPDATE`

	insertOrganization = `INSERT INTO organizations AS o (tenant_id, id, name) VALUES ($1, $2, $3) RETURNING ` + organizationColumns

	// Index: organizations_pkey.
	updateOrganization = `UPDATE organizations o SET name = $3, state = $4, changed_at = clock_timestamp()
WHERE o.tenant_id = $1 AND o.id = $2 RETURNING ` + organizationColumns

	// Index: organizations_pkey; for one person: memberships_person.
	fromOrganizations = `FROM organizations o
WHERE o.tenant_id = $1 AND o.state <> 'deleted' AND position(lower($2) IN lower(o.name)) > 0
    AND ($3 OR o.state = 'active' AND (o.id = nullif($5, '')::uuid OR o.id IN (
        SELECT m.organization_id FROM memberships m WHERE m.tenant_id = $1 AND m.person_id = nullif($4, '')::uuid)))`
)

// OrganizationQuery says which organizations are wanted.
type OrganizationQuery struct {
	Name string // part of the name, whatever the case
	// All, or else those that are active and in which Member holds a role, and
	// Also.
	All    bool
	Member tenant.PersonID
	Also   tenant.OrganizationID
	Page
}

// Organizations returns a page of organizations.
func (s *Store) Organizations(ctx context.Context, in tenant.ID, q OrganizationQuery) (Found[Organization], error) {
	found, err := find(ctx, s, organizationColumns, fromOrganizations, "o.id", q.Page,
		func(row pgx.CollectableRow) (Organization, error) { return scanOrganization(row) },
		in, q.Name, q.All, q.Member, q.Also)
	return found, done("list organizations of", string(in), err)
}

// Organization returns an organization. NotFound: there is none.
func (s *Store) Organization(ctx context.Context, in tenant.ID, id tenant.OrganizationID) (Organization, error) {
	o, err := scanOrganization(s.pool.QueryRow(ctx, selectOrganization, in, id))
	return o, done("read organization", string(id), err)
}

// LockOrganization returns an organization that nobody else changes until the
// transaction ends. NotFound: there is none.
func (x *Tx) LockOrganization(ctx context.Context, id tenant.OrganizationID) (Organization, error) {
	o, err := scanOrganization(x.tx.QueryRow(ctx, lockOrganization, x.in, id))
	return o, done("lock organization", string(id), err)
}

// InsertOrganization makes one. AlreadyExists: another has the name.
func (x *Tx) InsertOrganization(ctx context.Context, id tenant.OrganizationID, name string) (Organization, error) {
	o, err := scanOrganization(x.tx.QueryRow(ctx, insertOrganization, x.in, id, name))
	return o, done("insert organization", string(id), err)
}

// UpdateOrganization keeps o's name and state, and returns it as it then is.
// AlreadyExists: another has the name.
func (x *Tx) UpdateOrganization(ctx context.Context, o Organization) (Organization, error) {
	changed, err := scanOrganization(x.tx.QueryRow(ctx, updateOrganization, x.in, o.ID, o.Name, o.State))
	return changed, done("update organization", string(o.ID), err)
}

// The statements of a deletion. Humans move to the first organization, for
// everybody needs one of his own; it grants nothing. The machines of an
// organization end with it.
const (
	// Index: people_home.
	eraseMachinesOf = `UPDATE people SET state = 'deleted', name = '', email = '', changed_at = clock_timestamp()
WHERE tenant_id = $1 AND organization_id = $2 AND kind = 'service' AND state <> 'deleted' RETURNING id`
	// Index: people_home.
	rehomeHumansOf = `UPDATE people SET changed_at = clock_timestamp(),
    organization_id = (SELECT id FROM organizations WHERE tenant_id = $1 AND bootstrap)
WHERE tenant_id = $1 AND organization_id = $2 AND state <> 'deleted'`
	// Index: memberships_role.
	removeMembersOf = `DELETE FROM memberships WHERE tenant_id = $1 AND organization_id = $2`
	removeIssuersOf = `DELETE FROM issuers WHERE tenant_id = $1 AND organization_id = $2`
	// The row stays: its id must never mean another organization.
	deleteOrganization = `UPDATE organizations SET state = 'deleted', changed_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2`
)

// DeleteOrganization ends an organization, and its machines with it.
func (x *Tx) DeleteOrganization(ctx context.Context, id tenant.OrganizationID) error {
	rows, err := x.tx.Query(ctx, eraseMachinesOf, x.in, id)
	if err != nil {
		return done("delete the machines of organization", string(id), err)
	}
	machines, err := pgx.CollectRows(rows, pgx.RowTo[tenant.PersonID])
	if err != nil {
		return done("delete the machines of organization", string(id), err)
	}
	if err := x.strip(ctx, machines); err != nil {
		return err
	}
	for _, statement := range []string{rehomeHumansOf, removeMembersOf, removeIssuersOf, deleteOrganization} {
		if _, err := x.tx.Exec(ctx, statement, x.in, id); err != nil {
			return done("delete organization", string(id), err)
		}
	}
	return nil
}

// scanOrganization reads organizationColumns.
func scanOrganization(row pgx.Row) (o Organization, err error) {
	err = row.Scan(&o.ID, &o.Name, &o.State, &o.First, &o.Created, &o.Changed)
	return o, err
}

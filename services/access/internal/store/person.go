package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/tenant"
)

// Kind tells humans from machines.
type Kind string

// The kinds. A human has an address, a machine has none.
const (
	Human   Kind = "human"
	Machine Kind = "service"
)

// Person is a human or a machine.
type Person struct {
	ID               tenant.PersonID
	Organization     tenant.OrganizationID // his own, which manages him
	Kind             Kind
	State            State
	Name             string
	Email            string
	Created, Changed time.Time
}

// personColumns is what scanPerson reads, of people as p.
const personColumns = `p.id, p.organization_id, p.kind, p.state, p.name, p.email, p.created_at, p.changed_at`

const (
	// Index: people_pkey.
	selectPerson = `SELECT ` + personColumns + ` FROM people p WHERE p.tenant_id = $1 AND p.id = $2 AND p.state <> 'deleted'`

	lockPerson = selectPerson + ` FOR UPDATE`

	// Index: people_pkey, memberships_person.
	selectPersonIn = selectPerson + ` AND (p.organization_id = $3 OR EXISTS (
    SELECT FROM memberships m WHERE m.tenant_id = $1 AND m.person_id = p.id AND m.organization_id = $3))`

	insertPerson = `INSERT INTO people AS p (tenant_id, id, organization_id, kind, name, email) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING ` + personColumns

	// Index: people_pkey.
	updatePersonState = `UPDATE people p SET state = $3, changed_at = clock_timestamp() WHERE p.tenant_id = $1 AND p.id = $2
RETURNING ` + personColumns

	// Index: people_pkey.
	erasePerson = `UPDATE people SET state = 'deleted', name = '', email = '', changed_at = clock_timestamp()
WHERE tenant_id = $1 AND id = $2`

	// Index: people_pkey.
	fromPeople = `FROM people p
WHERE p.tenant_id = $1 AND p.state <> 'deleted'
    AND (position(lower($2) IN lower(p.name)) > 0 OR position(lower($2) IN lower(p.email)) > 0)
    AND ($3 = '' OR p.kind = $3)
    AND ($4 = '' OR p.organization_id = nullif($4, '')::uuid OR p.id IN (
        SELECT m.person_id FROM memberships m WHERE m.tenant_id = $1 AND m.organization_id = nullif($4, '')::uuid))`
)

// PersonQuery says which people are wanted.
type PersonQuery struct {
	Text string // part of the name or address, whatever the case
	Kind Kind   // "": both
	// Organization is that of those whose own it is, or who hold a role in it;
	// "": everybody.
	Organization tenant.OrganizationID
	Page
}

// People returns a page of people.
func (s *Store) People(ctx context.Context, in tenant.ID, q PersonQuery) (Found[Person], error) {
	found, err := find(ctx, s, personColumns, fromPeople, "p.id", q.Page,
		func(row pgx.CollectableRow) (Person, error) { return scanPerson(row) },
		in, q.Text, q.Kind, q.Organization)
	return found, done("list people of", string(in), err)
}

// Person returns a person. NotFound: there is none.
func (s *Store) Person(ctx context.Context, in tenant.ID, id tenant.PersonID) (Person, error) {
	p, err := scanPerson(s.pool.QueryRow(ctx, selectPerson, in, id))
	return p, done("read person", string(id), err)
}

// PersonIn returns a person whose own organization it is, or who holds a role
// in it. NotFound: there is none.
func (s *Store) PersonIn(ctx context.Context, in tenant.ID, organization tenant.OrganizationID, id tenant.PersonID) (Person, error) {
	p, err := scanPerson(s.pool.QueryRow(ctx, selectPersonIn, in, id, organization))
	return p, done("read person", string(id), err)
}

// LockPerson returns a person whom nobody else changes until the transaction
// ends. NotFound: there is none.
func (x *Tx) LockPerson(ctx context.Context, id tenant.PersonID) (Person, error) {
	p, err := scanPerson(x.tx.QueryRow(ctx, lockPerson, x.in, id))
	return p, done("lock person", string(id), err)
}

// InsertPerson makes an active person. AlreadyExists: somebody has the address.
func (x *Tx) InsertPerson(ctx context.Context, p Person) (Person, error) {
	made, err := scanPerson(x.tx.QueryRow(ctx, insertPerson, x.in, p.ID, p.Organization, p.Kind, p.Name, p.Email))
	return made, done("insert person", string(p.ID), err)
}

// SetPersonState lets a person in or locks him out, and returns him as he then
// is.
func (x *Tx) SetPersonState(ctx context.Context, id tenant.PersonID, state State) (Person, error) {
	p, err := scanPerson(x.tx.QueryRow(ctx, updatePersonState, x.in, id, state))
	return p, done("change the state of person", string(id), err)
}

// ErasePerson leaves nothing of a person but his id.
func (x *Tx) ErasePerson(ctx context.Context, id tenant.PersonID) error {
	if _, err := x.tx.Exec(ctx, erasePerson, x.in, id); err != nil {
		return done("delete person", string(id), err)
	}
	return x.strip(ctx, []tenant.PersonID{id})
}

// The statements that take everything from people.
const (
	// Index: tokens_person.
	revokeTokensOf = `UPDATE tokens SET revoked_at = now() WHERE tenant_id = $1 AND person_id = ANY($2) AND revoked_at IS NULL`
	// Index: memberships_person.
	removeRolesOf = `DELETE FROM memberships WHERE tenant_id = $1 AND person_id = ANY($2)`
	// Index: identities_person.
	removeIdentitiesOf = `DELETE FROM identities WHERE tenant_id = $1 AND person_id = ANY($2)`
)

// strip takes roles, tokens and identities from people.
func (x *Tx) strip(ctx context.Context, people []tenant.PersonID) error {
	for _, statement := range []string{revokeTokensOf, removeRolesOf, removeIdentitiesOf} {
		if _, err := x.tx.Exec(ctx, statement, x.in, people); err != nil {
			return done("take everything from people of", string(x.in), err)
		}
	}
	return nil
}

// scanPerson reads personColumns.
func scanPerson(row pgx.Row) (p Person, err error) {
	err = row.Scan(&p.ID, &p.Organization, &p.Kind, &p.State, &p.Name, &p.Email, &p.Created, &p.Changed)
	return p, err
}

package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
)

// Resource is what the change feed calls a thing of this room.
type Resource string

// The resources, and whose id a change of them carries. Whoever remembers what
// people may do needs to know whom to forget, so changes of roles and tokens
// name the person.
const (
	ResourceOrganization Resource = "organization"
	ResourcePerson       Resource = "person"
	ResourceMember       Resource = "member" // the person
	ResourceToken        Resource = "token"  // the holder
	ResourceIssuer       Resource = "issuer"
)

// Tx is a change in progress, of the tenant of its context.
type Tx struct {
	tx pgx.Tx
	in tenant.ID
}

// Tx runs fn in a transaction, again when it lost a race: fn must change
// nothing but through its Tx.
func (s *Store) Tx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	in := tenant.From(ctx).Tenant
	return s.pool.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return fn(ctx, &Tx{tx: tx, in: in}) })
}

// Pgx returns the transaction itself, for the approval door.
func (x *Tx) Pgx() pgx.Tx { return x.tx }

// Lock makes the transaction the only one that changes who may do what, until
// it ends: what it reads of roles and states stays so. Such changes are rare,
// and rules about the last of something span rows. Call it first.
func (x *Tx) Lock(ctx context.Context) error {
	_, err := x.tx.Exec(ctx, lockTenant, x.in)
	return done("lock tenant", string(x.in), err)
}

// Announce tells the change feed, once the transaction has committed, what
// happened to a thing, in an organization or, where that is "", in the
// instance. Call it last.
func (x *Tx) Announce(ctx context.Context, what Resource, id string, in tenant.OrganizationID, op changesv1.Operation) error {
	who := tenant.From(ctx)
	who.Organization = in
	err := changefeed.Add(tenant.With(ctx, who), x.tx, string(what), id, op, time.Now().UTC())
	return done("announce "+string(what), id, err)
}

// done says what failed, and classifies it.
func done(what, id string, err error) error {
	if err != nil {
		return fmt.Errorf("%s %s: %w", what, id, pg.Translate(err))
	}
	return nil
}

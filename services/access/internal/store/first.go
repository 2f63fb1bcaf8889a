package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/access/internal/role"
)

// The statements of the first start. All run under the tenant's row lock, so
// that of replicas that start together one creates and the others find.
const (
	createTenant = `INSERT INTO tenants (id) VALUES ($1) ON CONFLICT DO NOTHING`
	lockTenant   = `SELECT FROM tenants WHERE id = $1 FOR UPDATE`

	findFirstOrganization   = `SELECT id FROM organizations WHERE tenant_id = $1 AND bootstrap`
	createFirstOrganization = `INSERT INTO organizations (tenant_id, id, name, bootstrap) VALUES ($1, $2, $3, true)`

	findFirstOwner   = `SELECT id FROM people WHERE tenant_id = $1 AND bootstrap`
	createFirstOwner = `
INSERT INTO people (tenant_id, id, organization_id, email, name, bootstrap) VALUES ($1, $2, $3, $4, $5, true)`
	grantInstanceRole = `INSERT INTO memberships (tenant_id, person_id, role) VALUES ($1, $2, $3)`

	findFirstToken   = `SELECT sha256 FROM tokens WHERE tenant_id = $1 AND bootstrap AND revoked_at IS NULL`
	revokeFirstToken = `
UPDATE tokens SET revoked_at = now() WHERE tenant_id = $1 AND bootstrap AND revoked_at IS NULL`
	createFirstToken = `
INSERT INTO tokens (tenant_id, id, person_id, name, sha256, bootstrap) VALUES ($1, $2, $3, $4, $5, true)`
)

// First is what a tenant begins with.
type First struct {
	// OrganizationID of the first organization; empty: any.
	OrganizationID   tenant.OrganizationID
	OrganizationName string
	OwnerEmail       string
	OwnerName        string
	TokenName        string
	// TokenSHA256 of the owner's token; nil: leave that as it is.
	TokenSHA256 []byte
}

// Begun is what there is after Begin.
type Begun struct {
	OrganizationID      tenant.OrganizationID
	OwnerID             tenant.PersonID
	OrganizationCreated bool
	HasToken            bool // the owner can sign in with a token of First's
	TokenCreated        bool // and it is new
}

// Begin gives a tenant its first organization, owner and token where they are
// missing. A token of First's that differs from this one is revoked. The owner
// becomes instance owner when he is created, and not again: a later start does
// not undo what was decided since.
//
// FailedPrecondition: the first organization has another id. AlreadyExists:
// the token is somebody else's.
func (s *Store) Begin(ctx context.Context, in tenant.ID, first First) (Begun, error) {
	var begun Begun
	err := s.pool.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		begun = Begun{}
		if _, err := tx.Exec(ctx, createTenant, in); err != nil {
			return fmt.Errorf("create tenant %s: %w", in, err)
		}
		if _, err := tx.Exec(ctx, lockTenant, in); err != nil {
			return fmt.Errorf("lock tenant %s: %w", in, err)
		}
		if err := beginOrganization(ctx, tx, in, first, &begun); err != nil {
			return fmt.Errorf("create the first organization: %w", err)
		}
		if err := beginOwner(ctx, tx, in, first, &begun); err != nil {
			return fmt.Errorf("create the first owner: %w", err)
		}
		if err := beginToken(ctx, tx, in, first, &begun); err != nil {
			return fmt.Errorf("create the first owner's token: %w", err)
		}
		return nil
	})
	return begun, err
}

func beginOrganization(ctx context.Context, tx pgx.Tx, in tenant.ID, first First, begun *Begun) error {
	err := tx.QueryRow(ctx, findFirstOrganization, in).Scan(&begun.OrganizationID)
	if err == nil && first.OrganizationID != "" && first.OrganizationID != begun.OrganizationID {
		return fault.FailedPrecondition("it is to be %s but exists as %s", first.OrganizationID, begun.OrganizationID)
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	begun.OrganizationCreated = true
	begun.OrganizationID = first.OrganizationID
	if begun.OrganizationID == "" {
		begun.OrganizationID = tenant.OrganizationID(ident.NewUUID())
	}
	_, err = tx.Exec(ctx, createFirstOrganization, in, begun.OrganizationID, first.OrganizationName)
	return err
}

func beginOwner(ctx context.Context, tx pgx.Tx, in tenant.ID, first First, begun *Begun) error {
	err := tx.QueryRow(ctx, findFirstOwner, in).Scan(&begun.OwnerID)
	if !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	begun.OwnerID = tenant.PersonID(ident.NewUUID())
	if _, err := tx.Exec(ctx, createFirstOwner, in, begun.OwnerID, begun.OrganizationID, first.OwnerEmail, first.OwnerName); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, grantInstanceRole, in, begun.OwnerID, role.InstanceOwner)
	return err
}

func beginToken(ctx context.Context, tx pgx.Tx, in tenant.ID, first First, begun *Begun) error {
	var live []byte
	err := tx.QueryRow(ctx, findFirstToken, in).Scan(&live)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	begun.HasToken = live != nil || first.TokenSHA256 != nil
	if first.TokenSHA256 == nil || bytes.Equal(live, first.TokenSHA256) {
		return nil
	}
	begun.TokenCreated = true
	if _, err := tx.Exec(ctx, revokeFirstToken, in); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, createFirstToken, in, ident.NewUUID(), begun.OwnerID, first.TokenName, first.TokenSHA256)
	return err
}

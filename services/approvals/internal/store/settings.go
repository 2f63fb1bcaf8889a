package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	"github.com/actionplane/actionplane/services/approvals/internal/settings"
)

// settingsResource is what the change feed calls settings.
const settingsResource = "settings"

const (
	settingsColumns = `id, approval_enabled, approval_ttl_hours, approval_required_approvals,
    coalesce(updated_by_id::text, ''), created_at, updated_at`

	getSettings = `
SELECT ` + settingsColumns + ` FROM organization_settings WHERE tenant_id = $1 AND organization_id = $2`

	// createSettings waits for another first writer and then does nothing.
	createSettings = `
INSERT INTO organization_settings
    (tenant_id, organization_id, id, approval_enabled, approval_ttl_hours, approval_required_approvals)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant_id, organization_id) DO NOTHING`

	lockSettings = getSettings + ` FOR UPDATE`

	// Who reads them to decide by them waits for who changes them, and the
	// other way round.
	shareSettings = getSettings + ` FOR SHARE`

	anyEnabled = `SELECT EXISTS (SELECT FROM organization_settings WHERE tenant_id = $1 AND approval_enabled)`

	// A writer that waited began before the one it waited for ended: hence
	// greatest.
	changeSettings = `
UPDATE organization_settings
SET approval_enabled = $3, approval_ttl_hours = $4, approval_required_approvals = $5,
    updated_by_id = nullif($6, '')::uuid, updated_at = greatest(updated_at, now())
WHERE tenant_id = $1 AND organization_id = $2
RETURNING ` + settingsColumns
)

// StoredSettings are settings that somebody has written.
type StoredSettings struct {
	settings.Settings
	ID        string
	UpdatedBy tenant.PersonID // empty for an internal service
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Settings returns the settings of the organization that who's call is about.
// NotFound: nobody has written any.
func (s *Store) Settings(ctx context.Context, who tenant.Identity) (StoredSettings, error) {
	found, err := scanSettings(s.pool.QueryRow(ctx, getSettings, who.Tenant, who.Organization))
	if err != nil {
		return StoredSettings{}, fmt.Errorf("load settings: %w", pg.Translate(err))
	}
	return found, nil
}

// AnyEnabled reports whether any organization of a tenant has approvals on.
func (s *Store) AnyEnabled(ctx context.Context, in tenant.ID) (bool, error) {
	var any bool
	if err := s.pool.QueryRow(ctx, anyEnabled, in).Scan(&any); err != nil {
		return false, fmt.Errorf("look for settings: %w", pg.Translate(err))
	}
	return any, nil
}

// Settings returns the settings of an organization, or the defaults where
// nobody has written any. Nobody changes them until the transaction ends.
func (x *Tx) Settings(ctx context.Context, who tenant.Identity) (settings.Settings, error) {
	return x.settings(ctx, shareSettings, who)
}

// LockedSettings is Settings for who is about to change them.
func (x *Tx) LockedSettings(ctx context.Context, who tenant.Identity) (settings.Settings, error) {
	return x.settings(ctx, lockSettings, who)
}

func (x *Tx) settings(ctx context.Context, statement string, who tenant.Identity) (settings.Settings, error) {
	found, err := scanSettings(x.tx.QueryRow(ctx, statement, who.Tenant, who.Organization))
	if errors.Is(err, pgx.ErrNoRows) {
		return settings.Default(), nil
	}
	if err != nil {
		return settings.Settings{}, fmt.Errorf("load settings: %w", err)
	}
	return found.Settings, nil
}

// ChangeSettings replaces the settings of the organization that ctx's call is
// about with what decide makes of them, and reports whether that changed
// anything; the first time, it did. Others wait meanwhile, so that nobody
// overwrites what he has not seen. decide must be quick and may run more than
// once; its error is returned and leaves everything as it was.
func (x *Tx) ChangeSettings(ctx context.Context, decide func(settings.Settings) (settings.Settings, error)) (StoredSettings, bool, error) {
	who := tenant.From(ctx)
	stored, created, err := lockOrCreate(ctx, x.tx, who)
	if err != nil {
		return StoredSettings{}, false, fmt.Errorf("lock settings: %w", err)
	}
	next, err := decide(stored.Settings)
	if err != nil {
		return StoredSettings{}, false, err
	}
	if !created && next == stored.Settings {
		return stored, false, nil
	}
	stored, err = scanSettings(x.tx.QueryRow(ctx, changeSettings, who.Tenant, who.Organization,
		next.Enabled, next.TTLHours(), next.RequiredApprovals, who.Person))
	if err != nil {
		return StoredSettings{}, false, fmt.Errorf("change settings: %w", err)
	}
	op := changesv1.Operation_OPERATION_CHANGED
	if created {
		op = changesv1.Operation_OPERATION_CREATED
	}
	return stored, true, changefeed.Add(ctx, x.tx, settingsResource, stored.ID, op, stored.UpdatedAt)
}

// lockOrCreate returns the row, locked, and whether it is new and holds the
// defaults.
func lockOrCreate(ctx context.Context, tx pgx.Tx, who tenant.Identity) (StoredSettings, bool, error) {
	d := settings.Default()
	inserted, err := tx.Exec(ctx, createSettings, who.Tenant, who.Organization,
		ident.NewUUID(), d.Enabled, d.TTLHours(), d.RequiredApprovals)
	if err != nil {
		return StoredSettings{}, false, err
	}
	row, err := scanSettings(tx.QueryRow(ctx, lockSettings, who.Tenant, who.Organization))
	return row, inserted.RowsAffected() == 1, err
}

func scanSettings(row pgx.Row) (StoredSettings, error) {
	var s StoredSettings
	var hours int32
	err := row.Scan(&s.ID, &s.Enabled, &hours, &s.RequiredApprovals, &s.UpdatedBy, &s.CreatedAt, &s.UpdatedAt)
	s.TTL = settings.Hours(hours)
	return s, err
}

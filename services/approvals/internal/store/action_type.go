package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/tenant"
)

// ActionType is a kind of action that an internal service executes.
type ActionType struct {
	Name, DisplayName, Category, Subject string
	Redact                               []string
}

const (
	putActionType = `
INSERT INTO action_types (tenant_id, name, display_name, category, subject, redact)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant_id, name) DO UPDATE SET display_name = $3, category = $4, subject = $5, redact = $6, updated_at = now()`

	getActionTypes = `SELECT name, display_name, category, subject, redact FROM action_types
WHERE tenant_id = $1 AND ($2 = '' OR name = $2) ORDER BY name LIMIT 1000`
)

// PutActionType adds or replaces a type.
func (s *Store) PutActionType(ctx context.Context, in tenant.ID, t ActionType) error {
	redact := t.Redact
	if redact == nil {
		redact = []string{}
	}
	if _, err := s.pool.Exec(ctx, putActionType, in, t.Name, t.DisplayName, t.Category, t.Subject, redact); err != nil {
		return fmt.Errorf("put action type: %w", pg.Translate(err))
	}
	return nil
}

// ActionTypes returns a tenant's types by name: one, or all where name is
// empty.
func (s *Store) ActionTypes(ctx context.Context, in tenant.ID, name string) ([]ActionType, error) {
	rows, err := s.pool.Query(ctx, getActionTypes, in, name)
	if err != nil {
		return nil, fmt.Errorf("load action types: %w", pg.Translate(err))
	}
	types, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ActionType])
	if err != nil {
		return nil, fmt.Errorf("load action types: %w", pg.Translate(err))
	}
	return types, nil
}

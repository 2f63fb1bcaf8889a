package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
)

// Condition is a condition that has an execution.
type Condition struct {
	ID        string
	ChangedAt time.Time // its execution
}

const sqlListConditions = `SELECT condition_id, changed_at FROM executions
	WHERE tenant = $1 AND condition_id COLLATE "C" > $2 ORDER BY condition_id COLLATE "C" LIMIT $3`

// ListConditions returns the conditions behind an id, those of noops too.
func (s *Store) ListConditions(ctx context.Context, tenant, after string, limit int) ([]Condition, error) {
	rows, err := s.db.Query(ctx, sqlListConditions, tenant, after, limit)
	if err != nil {
		return nil, pg.Translate(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Condition])
	return found, pg.Translate(err)
}

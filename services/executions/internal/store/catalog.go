package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
)

// Kind of a catalog entry.
type Kind string

// The kinds.
const (
	Method   Kind = "method"
	Function Kind = "function"
	Event    Kind = "event"
)

const sqlAnnounce = `INSERT INTO catalog (tenant, kind, name)
	SELECT $1, $2, name FROM unnest($3::text[]) AS name ORDER BY name
	ON CONFLICT DO NOTHING` // in one order, so that two who announce the same do not block each other

// Announce adds entries of a kind; those that are there already stay as they
// are.
func (s *Store) Announce(ctx context.Context, tenant string, kind Kind, names []string) error {
	if len(names) == 0 {
		return nil
	}
	_, err := s.db.Exec(ctx, sqlAnnounce, tenant, string(kind), names)
	return pg.Translate(err)
}

const sqlListCatalog = `SELECT name FROM catalog WHERE tenant = $1 AND kind = $2 ORDER BY name COLLATE "C"`

// ListCatalog returns the entries of a kind, sorted.
func (s *Store) ListCatalog(ctx context.Context, tenant string, kind Kind) ([]string, error) {
	rows, err := s.db.Query(ctx, sqlListCatalog, tenant, string(kind))
	if err != nil {
		return nil, pg.Translate(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return names, pg.Translate(err)
}

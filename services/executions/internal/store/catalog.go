package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/fault"
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

// CatalogEntry is what an internal service offers.
type CatalogEntry struct {
	Kind            Kind
	Name            string
	First, Last     time.Time
	FirstBy, LastBy string
}

// Announcement is what a service announces at once.
type Announcement struct {
	Tenant string
	By     string
	Names  map[Kind][]string
	Most   int // entries of all kinds that a tenant may have
}

// sqlAnnounce leaves entries that were announced within the last minute alone:
// many replicas start at once and announce the same.
const sqlAnnounce = `INSERT INTO catalog (tenant, kind, name, announced_by, last_announced_by)
	SELECT DISTINCT $1, $2, name, $4, $4 FROM unnest($3::text[]) AS name ORDER BY name
	ON CONFLICT (tenant, kind, name) DO UPDATE SET last_announced_at = now(), last_announced_by = excluded.last_announced_by
	WHERE catalog.last_announced_at < now() - interval '1 minute' OR catalog.last_announced_by <> excluded.last_announced_by` // in one order, so that two who announce the same do not block each other

const sqlCountCatalog = `SELECT count(*) FROM catalog WHERE tenant = $1`

// Announce adds entries, and notes who announced those that are there already.
// RESOURCE_EXHAUSTED: the tenant would have too many; then it adds none.
func (s *Store) Announce(ctx context.Context, a Announcement) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		for _, kind := range []Kind{Event, Function, Method} {
			if len(a.Names[kind]) == 0 {
				continue
			}
			if _, err := tx.Exec(ctx, sqlAnnounce, a.Tenant, string(kind), a.Names[kind], a.By); err != nil {
				return err
			}
		}
		var n int
		if err := tx.QueryRow(ctx, sqlCountCatalog, a.Tenant).Scan(&n); err != nil {
			return err
		}
		if n > a.Most {
			return fault.Exhausted("methods, functions, events: the catalog would have %d entries; at most %d are allowed", n, a.Most)
		}
		return nil
	})
}

const sqlListNames = `SELECT name FROM catalog WHERE tenant = $1 AND kind = $2 ORDER BY name COLLATE "C"`

// ListNames returns the names of a kind, sorted.
func (s *Store) ListNames(ctx context.Context, tenant string, kind Kind) ([]string, error) {
	rows, err := s.db.Query(ctx, sqlListNames, tenant, string(kind))
	if err != nil {
		return nil, pg.Translate(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return names, pg.Translate(err)
}

const sqlListCatalog = `SELECT kind, name, announced_at, last_announced_at, announced_by, last_announced_by FROM catalog
	WHERE tenant = $1 AND ($2 = '' OR kind = $2) AND (kind COLLATE "C", name COLLATE "C") > ($3, $4)
	ORDER BY kind COLLATE "C", name COLLATE "C" LIMIT $5`

// ListCatalog returns entries behind one, by kind and name. kind "" means all;
// after may be the zero entry.
func (s *Store) ListCatalog(ctx context.Context, tenant string, kind Kind, after CatalogEntry, limit int) ([]CatalogEntry, error) {
	rows, err := s.db.Query(ctx, sqlListCatalog, tenant, string(kind), string(after.Kind), after.Name, limit)
	if err != nil {
		return nil, pg.Translate(err)
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByPos[CatalogEntry])
	return entries, pg.Translate(err)
}

package store

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// The statements of a search, completed by where and orderBy.
// Index: targets_by_creation.
const (
	countTargets = `SELECT count(*), now() FROM targets t WHERE `

	selectPage = `SELECT ` + targetColumns + `, k.key_id, k.ciphertext FROM targets t` + newestKey + ` WHERE `
)

// snapshot lets both see the same rows, so that page and total agree.
var snapshot = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// Page is what a search found.
type Page struct {
	Targets []Keyed
	Total   uint64    // all that match, on whatever page
	At      time.Time // as of when
}

// Search returns a page of the tenant's targets.
func (s *Store) Search(ctx context.Context, q target.Search) (page Page, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) error {
		where, args := conditions(ctx, q.Filters)
		if err := tx.QueryRow(ctx, countTargets+where, args...).Scan(&page.Total, &page.At); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, selectPage+where+orderBy(q, len(args)), append(args, q.Limit, min(q.Offset, math.MaxInt64))...)
		if err != nil {
			return err
		}
		page.Targets, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Keyed, error) { return scanKeyed(row) })
		return err
	})
	if err != nil {
		return Page{}, fmt.Errorf("search targets: %w", pg.Translate(err))
	}
	return page, nil
}

// conditions returns the filters as SQL. Only texts of this file become part
// of the statement; what callers say goes into its arguments.
func conditions(ctx context.Context, filters []target.Filter) (where string, args []any) {
	args = []any{tenantOf(ctx)}
	parts := []string{"t.tenant_id = $1"}
	for _, f := range filters {
		part, arg := condition(f)
		args = append(args, arg)
		parts = append(parts, fmt.Sprintf(part, len(args)))
	}
	return strings.Join(parts, " AND "), args
}

// condition returns one filter as SQL, with %d for the number of its argument.
func condition(f target.Filter) (sql string, arg any) {
	switch f := f.(type) {
	case target.NameFilter:
		return nameCondition(f)
	case target.IDFilter:
		return "t.id = ANY($%d)", []target.ID(f)
	default: // the interface is closed
		return "$%d", false
	}
}

func nameCondition(f target.NameFilter) (sql string, arg any) {
	column, text := "t.name", f.Text
	if f.IgnoreCase {
		column, text = "t.name_folded", fold(f.Text)
	}
	switch f.Match {
	case target.StartsWith:
		return column + " LIKE $%d", literal(text) + "%"
	case target.Contains:
		return column + " LIKE $%d", "%" + literal(text) + "%"
	case target.EndsWith:
		return column + " LIKE $%d", "%" + literal(text)
	default:
		return column + " = $%d", text
	}
}

// literal escapes what LIKE would not take literally.
func literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

// orderBy returns the end of a statement that has n arguments so far; limit and
// offset follow them.
func orderBy(q target.Search, n int) string {
	direction := "ASC"
	if q.Desc {
		direction = "DESC"
	}
	return fmt.Sprintf(" ORDER BY %s %s, t.id %s LIMIT $%d OFFSET $%d",
		column(q.SortBy), direction, direction, n+1, n+2)
}

func column(c target.Column) string {
	switch c {
	case target.ByChanged:
		return "t.changed_at"
	case target.ByID:
		return "t.id"
	case target.ByName:
		return "t.name"
	case target.ByKind:
		return "t.kind"
	case target.ByEndpoint:
		return "t.endpoint"
	case target.ByTimeout:
		return "t.timeout_nanos"
	case target.ByInterruptOnError:
		return "t.interrupt_on_error"
	default:
		return "t.created_at"
	}
}

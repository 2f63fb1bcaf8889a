package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
)

// Page says which part of a list is wanted. Lists are in the order of ids.
type Page struct {
	After string // the id where the last page ended; "": the first page
	Limit uint32
}

// Found is a page of a list, and how long the whole list is.
type Found[T any] struct {
	Items []T
	Total uint64
}

// snapshot lets count and page see the same rows.
var snapshot = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// find reads the page of a list. from is the end of a statement from FROM on,
// with args; id is the column that orders it.
func find[T any](ctx context.Context, s *Store, columns, from, id string, p Page, scan func(pgx.CollectableRow) (T, error), args ...any) (found Found[T], err error) {
	count := "SELECT count(*) " + from
	page := fmt.Sprintf("SELECT %s %s AND ($%d = '' OR %s > nullif($%d, '')::uuid) ORDER BY %s LIMIT $%d",
		columns, from, len(args)+1, id, len(args)+1, id, len(args)+2)
	err = pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, count, args...).Scan(&found.Total); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, page, append(args, p.After, p.Limit)...)
		if err != nil {
			return err
		}
		found.Items, err = pgx.CollectRows(rows, scan)
		return err
	})
	return found, pg.Translate(err)
}

package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/dispatch/internal/doorman"
)

// Migration 0005 says why it is a function.
const selectMetEvents = `SELECT met_events($1::text[], $2::text[])`

// KnownEvents answers which events have their run, and which a replica has in hand
// before their turn.
func (s *Store) KnownEvents(ctx context.Context, asked []*doorman.Question) error {
	tenants, events := make([]string, len(asked)), make([]string, len(asked))
	for i, q := range asked {
		tenants[i], events[i] = clean(q.Event.Tenant), clean(q.Event.ID)
	}
	rows, err := s.db.Query(ctx, selectMetEvents, tenants, events)
	if err != nil {
		return fmt.Errorf("look up events: %w", pg.Translate(err))
	}
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&n}, func() error {
		if n > 0 {
			asked[n-1].Known = true
		} else {
			asked[-n-1].Claimed = true
		}
		return nil
	}); err != nil {
		return fmt.Errorf("look up events: %w", pg.Translate(err))
	}
	return nil
}

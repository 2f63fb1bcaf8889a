package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/dispatch/internal/doorman"
)

// Index: runs_event, an index-only look-up for each.
const selectKnownEvents = `SELECT e.n FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS e (tenant_id, event_id, n)
CROSS JOIN LATERAL (SELECT FROM runs r WHERE r.tenant_id = e.tenant_id AND r.event_id = e.event_id LIMIT 1) known`

// KnownEvents answers which events have their run. The statement is planned for
// each call: a plan that was kept from when the table was small would read all
// of it once it is not.
func (s *Store) KnownEvents(ctx context.Context, asked []*doorman.Question) error {
	tenants, events := make([]string, len(asked)), make([]string, len(asked))
	for i, q := range asked {
		tenants[i], events[i] = clean(q.Event.Tenant), clean(q.Event.ID)
	}
	rows, err := s.db.Query(ctx, selectKnownEvents, pgx.QueryExecModeCacheDescribe, tenants, events)
	if err != nil {
		return fmt.Errorf("look up events: %w", pg.Translate(err))
	}
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&n}, func() error { asked[n-1].Known = true; return nil }); err != nil {
		return fmt.Errorf("look up events: %w", pg.Translate(err))
	}
	return nil
}

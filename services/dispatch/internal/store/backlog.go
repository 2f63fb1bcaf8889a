package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
)

// Backlog is what has not come to an end, and what came to a bad one.
type Backlog struct {
	States map[delivery.State]int64 // that have not ended
	Dead   int64                    // failed or exhausted
	// Oldest is for how long the first of those that are due has been.
	Oldest time.Duration
}

// BacklogLimit is how far a Backlog counts: what is more looks like that many.
// So it costs the same however much there is.
const BacklogLimit = 100_000

// Indexes: deliveries_wake, deliveries_pending, deliveries_dead. The first row
// is that of the clock, which also is there where nothing waits.
const selectBacklog = `SELECT 'due' AS state, 0 AS n, coalesce(extract(epoch FROM $2::timestamptz - (SELECT min(wake_at) FROM deliveries WHERE wake_at IS NOT NULL)), 0)::float8 AS age
UNION ALL
SELECT state, count(*), 0 FROM (
    (SELECT state FROM deliveries WHERE wake_at IS NOT NULL LIMIT $1)
    UNION ALL
    (SELECT state FROM deliveries WHERE state IN ('held', 'queued') LIMIT $1)
    UNION ALL
    (SELECT 'dead' FROM deliveries WHERE state IN ('failed', 'exhausted') LIMIT $1)
) AS waiting GROUP BY state`

// Backlog counts.
func (s *Store) Backlog(ctx context.Context, now time.Time) (Backlog, error) {
	b := Backlog{States: map[delivery.State]int64{}}
	m, err := s.moment(ctx)
	if err != nil {
		return b, err
	}
	rows, err := s.db.Query(ctx, selectBacklog, BacklogLimit, m.Shared(now))
	if err != nil {
		return b, fmt.Errorf("count what waits: %w", pg.Translate(err))
	}
	var (
		state string
		n     int64
		age   float64
	)
	_, err = pgx.ForEachRow(rows, []any{&state, &n, &age}, func() error {
		switch state {
		case "due":
			b.Oldest = max(0, time.Duration(age*float64(time.Second)))
		case "dead":
			b.Dead = n
		default:
			b.States[delivery.State(state)] = n
		}
		return nil
	})
	if err != nil {
		return b, fmt.Errorf("count what waits: %w", pg.Translate(err))
	}
	return b, nil
}

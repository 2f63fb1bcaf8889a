package store

import (
	"context"
	"fmt"
	"time"

	"github.com/actionplane/actionplane/libs/pg"
)

// Waiting is what waits for approval, of all tenants.
type Waiting struct {
	Requests int64
	Oldest   time.Duration // since it was submitted; 0 where none waits
}

// WaitingLimit is how many are looked at: what is more looks like that many.
const WaitingLimit = 100_000

// Index: approval_requests_expiry. The oldest is of those that expire first,
// where there are more than the limit.
const countWaiting = `SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM (
    SELECT created_at FROM approval_requests WHERE state = 'pending' AND expires_at > now() ORDER BY expires_at LIMIT $1
) AS waiting`

// Waiting counts.
func (s *Store) Waiting(ctx context.Context) (Waiting, error) {
	var w Waiting
	var age float64
	if err := s.pool.QueryRow(ctx, countWaiting, WaitingLimit).Scan(&w.Requests, &age); err != nil {
		return w, fmt.Errorf("count what waits: %w", pg.Translate(err))
	}
	w.Oldest = time.Duration(age * float64(time.Second))
	return w, nil
}

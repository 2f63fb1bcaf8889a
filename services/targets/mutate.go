package targets

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/services/targets/internal/store"
)

// feedTimeout is how long an answer waits for its change to be on the feed.
const feedTimeout = 500 * time.Millisecond

// mutate is the one way in which this room changes anything. It runs change in
// a transaction, again when that lost a race, and returns once the change feed
// has what was announced: who then reads through a cache that follows the feed
// reads what was written. A bus that is away delays the news, not the answer.
func (s *Service) mutate(ctx context.Context, change func(context.Context, *store.Tx) error) error {
	if err := s.store.Tx(ctx, change); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, feedTimeout)
	defer cancel()
	if err := s.relay.Flush(ctx); err != nil {
		s.relay.Kick()
		s.log.DebugContext(ctx, "targets.change_not_announced_yet", "error", err)
	}
	return nil
}

package access

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/services/access/internal/store"
)

// feedTimeout is how long an answer waits for its change to be on the feed.
const feedTimeout = 500 * time.Millisecond

// mutate is the one way in which callers change anything in this room. It runs
// change in a transaction, again when that lost a race, and returns once the
// change feed has what was announced: edges that follow it have then forgotten
// what no longer holds. A bus that is away delays the news, not the answer.
func (h *handlers) mutate(ctx context.Context, change func(context.Context, *store.Tx) error) error {
	if err := h.store.Tx(ctx, change); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, feedTimeout)
	defer cancel()
	if err := h.relay.Flush(ctx); err != nil {
		h.relay.Kick()
		h.log.DebugContext(ctx, "access.change_not_announced_yet", "error", err)
	}
	return nil
}

// mutatePeople is mutate for what changes who may do what. Such changes come
// one after the other.
func (h *handlers) mutatePeople(ctx context.Context, change func(context.Context, *store.Tx) error) error {
	return h.mutate(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Lock(ctx); err != nil {
			return err
		}
		return change(ctx, tx)
	})
}

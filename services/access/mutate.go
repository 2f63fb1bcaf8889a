package access

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// feedTimeout is how long an answer waits for its change to be on the feed.
const feedTimeout = 500 * time.Millisecond

// mutate is the one way in which callers change anything in this room. It runs
// change in a transaction, again when that lost a race, unless it must wait for
// approval, and returns once the change feed has what was announced: edges that
// follow it have then forgotten what no longer holds. A bus that is away delays
// the news, not the answer.
func (h *handlers) mutate(ctx context.Context, c gated, change func(context.Context, *store.Tx) error) error {
	if err := approval.Do(ctx, h.door, c, h.store.Tx, change); err != nil {
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
// one after the other; the state that approvers are shown is read under the
// same lock.
func (h *handlers) mutatePeople(ctx context.Context, c gated, change func(context.Context, *store.Tx) error) error {
	if state := c.State; state != nil {
		c.State = func(ctx context.Context, tx *store.Tx) ([]byte, error) {
			if err := tx.Lock(ctx); err != nil {
				return nil, err
			}
			return state(ctx, tx)
		}
	}
	return h.mutate(ctx, c, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Lock(ctx); err != nil {
			return err
		}
		return change(ctx, tx)
	})
}

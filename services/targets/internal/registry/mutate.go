package registry

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// feedTimeout is how long an answer waits for its change to be on the feed.
const feedTimeout = 500 * time.Millisecond

// mutate is the one way in which this room changes anything. It runs do in a
// transaction, again when that lost a race, unless the change must wait for
// approval, and returns once the change feed has what was announced: who then
// reads through a cache that follows the feed reads what was written. A bus that
// is away delays the news, not the answer.
func (r *Registry) mutate(ctx context.Context, c gated, do func(context.Context, *store.Tx) error) error {
	if err := approval.Do(ctx, r.Door, c, r.Store.Tx, do); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, feedTimeout)
	defer cancel()
	if err := r.Relay.Flush(ctx); err != nil {
		r.Relay.Kick()
		r.Log.DebugContext(ctx, "targets.change_not_announced_yet", "error", err)
	}
	return nil
}

// change changes a target that exists. do is given the target as nobody else
// can change it meanwhile, and returns it as it then is; one whose version it
// did not raise is unchanged, and nothing is announced.
func (r *Registry) change(ctx context.Context, id target.ID, do func(context.Context, *store.Tx, target.Target) (target.Target, error)) (changed target.Target, err error) {
	err = r.mutate(ctx, r.gatedTarget(id), func(ctx context.Context, tx *store.Tx) error {
		current, err := tx.LockTarget(ctx, id)
		if err != nil {
			return err
		}
		if changed, err = do(ctx, tx, current); err != nil || changed.Version == current.Version {
			return err
		}
		return tx.Announce(ctx, changed, changesv1.Operation_OPERATION_CHANGED)
	})
	return changed, err
}

package actions

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// mutate runs a change in a transaction, unless it must wait for approval, and
// makes it known. Every mutation of the service passes here. now is the time of
// the change, as precise as Postgres keeps it.
func (h *handler) mutate(ctx context.Context, c gated, change func(ctx context.Context, tx *store.Tx, now time.Time) error) error {
	err := approval.Do(ctx, h.door, c, h.store.Tx, func(ctx context.Context, tx *store.Tx) error {
		return change(ctx, tx, time.Now().UTC().Truncate(time.Microsecond))
	})
	if err != nil {
		return err
	}
	h.announce(ctx)
	return nil
}

// announce waits until the change is on the feed, so that whoever asks a cache
// that follows it next reads what was written. The change stands either way and
// the relay goes on trying, so running out of time is no failure of the call.
func (h *handler) announce(ctx context.Context) {
	h.relay.Kick()
	ctx, cancel := context.WithTimeout(ctx, h.config.AnnounceTimeout)
	defer cancel()
	if err := h.relay.Flush(ctx); err != nil {
		h.log.DebugContext(ctx, "actions.announce", "error", err)
	}
}

// change is what is done to an action, which nobody else changes meanwhile, and
// to what is kept beside it. It returns the action as it then is.
type change func(ctx context.Context, tx *store.Tx, a action.Action, now time.Time) (action.Action, error)

// changeAction makes a change of an action, and announces it. missing is the
// wire's error id for an action that does not exist.
func (h *handler) changeAction(ctx context.Context, id, missing string, do change) (action.Action, error) {
	in, err := scope(ctx)
	if err != nil {
		return action.Action{}, err
	}
	var after action.Action
	err = h.mutate(ctx, gatedAction(in, action.ID(id)), func(ctx context.Context, tx *store.Tx, now time.Time) error {
		before, err := tx.LockAction(ctx, in, action.ID(id))
		if err != nil {
			return err
		}
		if after, err = do(ctx, tx, before, now); err != nil {
			return err
		}
		return tx.SaveAction(ctx, after, now)
	})
	return after, missingAs(err, missing)
}

// moveAction is changeAction by an event of the action's states. unnamed is the
// wire's error id for a call without an action's id.
func (h *handler) moveAction(ctx context.Context, id, unnamed, missing string, e action.Event) (action.Action, error) {
	if id == "" {
		return action.Action{}, idMissing(unnamed)
	}
	return h.changeAction(ctx, id, missing, func(_ context.Context, _ *store.Tx, a action.Action, now time.Time) (action.Action, error) {
		return a.Apply(e, now)
	})
}

// missingAs gives an error that says an action does not exist the call's id for
// it; others stay, also those that say that something else does not.
func missingAs(err error, id string) error {
	if e, ok := fault.As(err); ok && e.Code == fault.CodeNotFound && e.ID == "" {
		return action.ErrNotFound.WithID(id)
	}
	return err
}

// idMissing is a call that does not name its action.
func idMissing(id string) error { return fault.Invalid("ID missing").WithID(id) }

package registry

import (
	"context"
	"strings"

	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// byOperator is the reason of whoever gives none.
const byOperator = "disabled by an operator"

// Enable lets a target be sent to again. One that is enabled stays as it is.
func (r *Registry) Enable(ctx context.Context, raw string) (State, error) {
	return r.turn(ctx, raw, "")
}

// Disable stops sending to a target. One that is disabled keeps the reason it
// has.
func (r *Registry) Disable(ctx context.Context, raw, reason string) (State, error) {
	reason = strings.ReplaceAll(reason, "\x00", "") // which Postgres cannot keep
	if strings.TrimSpace(reason) == "" {
		reason = byOperator
	}
	return r.turn(ctx, raw, reason)
}

// turn enables a target, without a reason, or disables it.
func (r *Registry) turn(ctx context.Context, raw, reason string) (s State, err error) {
	id, err := known(raw, idPatchNotFound)
	if err != nil {
		return State{}, err
	}
	_, err = r.change(ctx, id, func(ctx context.Context, tx *store.Tx, current target.Target) (t target.Target, err error) {
		t = current
		if (current.DisabledReason == "") != (reason == "") {
			if t, err = tx.DisableTarget(ctx, id, reason); err != nil {
				return target.Target{}, err
			}
		}
		s, err = r.state(ctx, tx, t)
		return t, err
	})
	return s, orNotFound(err, idPatchNotFound)
}

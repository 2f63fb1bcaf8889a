package registry

import (
	"context"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// Patch changes what is there and differs. Where nothing does, it succeeds and
// nothing happens: no version, no date, no news. It returns the target as it
// then is, and the new key where one was made.
func (r *Registry) Patch(ctx context.Context, raw string, p target.Patch) (patched target.Target, key config.Secret, err error) {
	if err := p.Check(); err != nil {
		return target.Target{}, config.Secret{}, err
	}
	id, err := known(raw, idPatchNotFound)
	if err != nil {
		return target.Target{}, config.Secret{}, err
	}
	patched, err = r.change(ctx, id, func(ctx context.Context, tx *store.Tx, current target.Target) (target.Target, error) {
		next, changed := p.Apply(current.Config)
		if !changed {
			return current, nil
		}
		updated, err := tx.UpdateTarget(ctx, id, next)
		if err == nil && p.Overlap != nil {
			key, err = r.rotate(ctx, tx, updated, *p.Overlap)
		}
		return updated, err
	})
	return patched, key, orNotFound(err, idPatchNotFound)
}

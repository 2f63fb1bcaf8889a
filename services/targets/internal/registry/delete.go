package registry

import (
	"context"

	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// Delete removes a target, also one that executions list: the change feed tells
// them. It returns the target as it was, changed at its deletion.
func (r *Registry) Delete(ctx context.Context, raw string) (deleted target.Target, err error) {
	id, err := known(raw, idDeleteNotFound)
	if err != nil {
		return target.Target{}, err
	}
	err = r.mutate(ctx, r.gatedTarget(id), func(ctx context.Context, tx *store.Tx) (err error) {
		if deleted, err = tx.DeleteTarget(ctx, id); err != nil {
			return err
		}
		return tx.Announce(ctx, deleted, changesv1.Operation_OPERATION_DELETED)
	})
	return deleted, orNotFound(err, idDeleteNotFound)
}

package registry

import (
	"context"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// idAttempts is how many ids may be taken before a create gives up; see package
// ident for how rarely one is.
const idAttempts = 3

// Create makes a target and its first signing key.
func (r *Registry) Create(ctx context.Context, c target.Config) (created target.Target, key config.Secret, err error) {
	if err := c.Check(); err != nil {
		return target.Target{}, config.Secret{}, err
	}
	err = r.mutate(ctx, gated{}, func(ctx context.Context, tx *store.Tx) (err error) {
		if created, err = r.insert(ctx, tx, c); err != nil {
			return err
		}
		if key, err = r.addKey(ctx, tx, created); err != nil {
			return err
		}
		return tx.Announce(ctx, created, changesv1.Operation_OPERATION_CREATED)
	})
	return created, key, err
}

// insert adds the target under the first id that nobody has.
func (r *Registry) insert(ctx context.Context, tx *store.Tx, c target.Config) (t target.Target, err error) {
	for range idAttempts {
		t, err = tx.InsertTarget(ctx, target.ID(r.ids.Next()), c)
		if fault.CodeOf(err) != fault.CodeAlreadyExists {
			break
		}
	}
	return t, err
}

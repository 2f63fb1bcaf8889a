package targets

import (
	"context"

	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// DeleteTarget removes a target, also one that executions list: the change
// feed tells them.
func (s *Service) DeleteTarget(ctx context.Context, in *actionv3alpha.DeleteTargetRequest) (*actionv3alpha.DeleteTargetResponse, error) {
	id, err := known(in.GetId(), idDeleteNotFound)
	if err != nil {
		return nil, err
	}
	deleted, err := s.remove(ctx, id)
	if err != nil {
		return nil, orNotFound(err, idDeleteNotFound)
	}
	return &actionv3alpha.DeleteTargetResponse{Details: details(ctx, deleted)}, nil
}

// remove returns the target as it was, changed at its deletion.
func (s *Service) remove(ctx context.Context, id target.ID) (deleted target.Target, err error) {
	err = s.mutate(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if deleted, err = tx.DeleteTarget(ctx, id); err != nil {
			return err
		}
		return tx.Announce(ctx, deleted, changesv1.Operation_OPERATION_DELETED)
	})
	return deleted, err
}

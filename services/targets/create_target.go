package targets

import (
	"context"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// idAttempts is how many ids may be taken before a create gives up; see package
// ident for how rarely one is.
const idAttempts = 3

// CreateTarget makes a target and its first signing key.
func (s *Service) CreateTarget(ctx context.Context, in *actionv3alpha.CreateTargetRequest) (*actionv3alpha.CreateTargetResponse, error) {
	wanted := configOf(in.GetTarget())
	if err := wanted.Check(); err != nil {
		return nil, err
	}
	created, key, err := s.create(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return &actionv3alpha.CreateTargetResponse{Details: details(ctx, created), SigningKey: key.Reveal()}, nil
}

func (s *Service) create(ctx context.Context, c target.Config) (created target.Target, key config.Secret, err error) {
	err = s.mutate(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if created, err = s.insert(ctx, tx, c); err != nil {
			return err
		}
		if key, err = s.addKey(ctx, tx, created); err != nil {
			return err
		}
		return tx.Announce(ctx, created, changesv1.Operation_OPERATION_CREATED)
	})
	return created, key, err
}

// insert adds the target under the first id that nobody has.
func (s *Service) insert(ctx context.Context, tx *store.Tx, c target.Config) (t target.Target, err error) {
	for range idAttempts {
		t, err = tx.InsertTarget(ctx, target.ID(s.ids.Next()), c)
		if fault.CodeOf(err) != fault.CodeAlreadyExists {
			break
		}
	}
	return t, err
}

// configOf reads a target from the wire.
func configOf(m *actionv3alpha.Target) target.Config {
	kind, interruptOnError, _ := kindOf(m)
	return target.Config{
		Name:             m.GetName(),
		Kind:             kind,
		InterruptOnError: interruptOnError,
		Timeout:          m.GetTimeout().AsDuration(),
		Endpoint:         m.GetEndpoint(),
	}
}

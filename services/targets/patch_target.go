package targets

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/config"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// PatchTarget changes what is there and differs. Where nothing does, it
// succeeds and nothing happens: no version, no date, no news.
func (s *Service) PatchTarget(ctx context.Context, in *actionv3alpha.PatchTargetRequest) (*actionv3alpha.PatchTargetResponse, error) {
	patch := patchOf(in.GetTarget())
	if err := patch.Check(); err != nil {
		return nil, err
	}
	id, err := known(in.GetId(), idPatchNotFound)
	if err != nil {
		return nil, err
	}
	patched, key, err := s.patch(ctx, id, patch)
	if err != nil {
		return nil, orNotFound(err, idPatchNotFound)
	}
	out := &actionv3alpha.PatchTargetResponse{Details: details(ctx, patched)}
	if !key.IsZero() {
		out.SigningKey = proto.String(key.Reveal())
	}
	return out, nil
}

// patch returns the target as it then is, and the new key where one was made.
func (s *Service) patch(ctx context.Context, id target.ID, p target.Patch) (patched target.Target, key config.Secret, err error) {
	err = s.mutate(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if patched, err = tx.LockTarget(ctx, id); err != nil {
			return err
		}
		next, changed := p.Apply(patched.Config)
		if !changed {
			return nil
		}
		if patched, err = tx.UpdateTarget(ctx, id, next); err != nil {
			return err
		}
		if p.Overlap != nil {
			if key, err = s.rotate(ctx, tx, patched, *p.Overlap); err != nil {
				return err
			}
		}
		return tx.Announce(ctx, patched, changesv1.Operation_OPERATION_CHANGED)
	})
	return patched, key, err
}

// rotate makes a new key; the old ones go on signing for overlap.
func (s *Service) rotate(ctx context.Context, tx *store.Tx, t target.Target, overlap time.Duration) (config.Secret, error) {
	if err := tx.ExpireKeys(ctx, t, overlap); err != nil {
		return config.Secret{}, err
	}
	return s.addKey(ctx, tx, t)
}

// patchOf reads a patch from the wire.
func patchOf(m *actionv3alpha.PatchTarget) target.Patch {
	p := target.Patch{
		Name:     m.Name,
		Timeout:  duration(m.GetTimeout()),
		Endpoint: m.Endpoint,
		Overlap:  duration(m.GetExpirationSigningKey()),
	}
	if kind, interruptOnError, ok := kindOf(m); ok {
		p.Kind, p.InterruptOnError = &kind, interruptOnError
	}
	return p
}

// duration returns nil for nil.
func duration(d *durationpb.Duration) *time.Duration {
	if d == nil {
		return nil
	}
	v := d.AsDuration()
	return &v
}

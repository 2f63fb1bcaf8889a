package registry

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/targets/internal/settings"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

const idOtherVersion = "TARGET-0th3rv3rs" // ours

// State is how a target is right now: what was said about calling it, and the
// keys that sign.
type State struct {
	target.Target
	Settings settings.Settings
	HMAC     []store.SigningKey
	Ed25519  []store.SigningKey
}

// State returns how a target is.
func (r *Registry) State(ctx context.Context, raw string) (s State, err error) {
	id, err := known(raw, idGetNotFound)
	if err != nil {
		return State{}, err
	}
	err = r.Store.Read(ctx, func(ctx context.Context, tx *store.Tx) error {
		t, err := tx.Target(ctx, id)
		if err != nil {
			return err
		}
		s, err = r.state(ctx, tx, t)
		return err
	})
	return s, orNotFound(err, idGetNotFound)
}

// SetSettings replaces the settings of a target; secrets that are left out stay
// as they are. With a version, only of a target that has it.
func (r *Registry) SetSettings(ctx context.Context, raw string, wanted settings.Settings, version *uint64) (s State, err error) {
	id, err := known(raw, idPatchNotFound)
	if err != nil {
		return State{}, err
	}
	_, err = r.change(ctx, id, func(ctx context.Context, tx *store.Tx, current target.Target) (target.Target, error) {
		if version != nil && *version != current.Version {
			return target.Target{}, fault.FailedPrecondition("version is %d by now: read the settings again", current.Version).WithID(idOtherVersion)
		}
		changed, err := r.setSettings(ctx, tx, current, wanted)
		if err != nil {
			return target.Target{}, err
		}
		s, err = r.state(ctx, tx, changed)
		return changed, err
	})
	return s, orNotFound(err, idPatchNotFound)
}

func (r *Registry) setSettings(ctx context.Context, tx *store.Tx, t target.Target, wanted settings.Settings) (target.Target, error) {
	kept, err := r.readSettings(ctx, tx, t.ID)
	if err != nil {
		return target.Target{}, err
	}
	wanted = wanted.Complete(kept)
	if err := wanted.Check(r.bounds.Settings); err != nil || wanted.Equal(kept) {
		return t, err
	}
	if t, err = tx.TouchTarget(ctx, t.ID); err != nil {
		return target.Target{}, err
	}
	if err := r.writeSettings(ctx, tx, t, wanted); err != nil {
		return target.Target{}, err
	}
	return t, r.switchEd25519(ctx, tx, t, kept.Ed25519, wanted.Ed25519)
}

// switchEd25519 makes the first ed25519 key, or forgets all.
func (r *Registry) switchEd25519(ctx context.Context, tx *store.Tx, t target.Target, was, is bool) error {
	switch {
	case is && !was:
		_, err := r.addEd25519Key(ctx, tx, t)
		return err
	case was && !is:
		return tx.ExpireEd25519Keys(ctx, t, 0)
	}
	return nil
}

// state reads what there is to t beyond its row.
func (r *Registry) state(ctx context.Context, tx *store.Tx, t target.Target) (s State, err error) {
	s.Target = t
	if s.Settings, err = r.readSettings(ctx, tx, t.ID); err != nil {
		return State{}, err
	}
	if s.HMAC, err = tx.Keys(ctx, t.ID); err != nil {
		return State{}, err
	}
	s.Ed25519, err = tx.Ed25519Keys(ctx, t.ID)
	return s, err
}

func (r *Registry) readSettings(ctx context.Context, tx *store.Tx, id target.ID) (settings.Settings, error) {
	kept, err := tx.Settings(ctx, id)
	if err != nil || kept.Document == nil {
		return settings.Settings{}, err
	}
	hidden, err := r.open(kept.Secrets, settingsOwner(ctx, id), id)
	if err != nil {
		return settings.Settings{}, err
	}
	return settings.Read(kept.Document, hidden)
}

func (r *Registry) writeSettings(ctx context.Context, tx *store.Tx, t target.Target, s settings.Settings) error {
	document, err := s.Document()
	if err != nil {
		return err
	}
	hidden, err := s.Secrets()
	if err != nil {
		return err
	}
	return tx.SetSettings(ctx, t, store.Settings{Document: document, Secrets: r.Box.Seal(hidden, settingsOwner(ctx, t.ID))})
}

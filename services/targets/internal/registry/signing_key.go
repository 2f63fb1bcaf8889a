package registry

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/targets/internal/secret"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

const (
	// idUndecryptable is the wire's for a signing key that cannot be decrypted.
	idUndecryptable = "EXEC-thiiCh5b"
	idTooManyKeys   = "TARGET-k3ysl1m1t" // ours
	idOverlap       = "TARGET-0v3rl4p"   // ours
	idNotEd25519    = "TARGET-n0ed25519" // ours
)

// Rotated is what a rotation made.
type Rotated struct {
	State
	Key    config.Secret // HMAC
	Public []byte        // ed25519
}

// RotateHMAC makes a new HMAC key; the ones so far go on signing for overlap.
func (r *Registry) RotateHMAC(ctx context.Context, raw string, overlap time.Duration) (out Rotated, err error) {
	out.State, err = r.rotation(ctx, raw, overlap, func(ctx context.Context, tx *store.Tx, t target.Target) (err error) {
		if err := r.checkRoom(ctx, tx.Keys, t.ID, overlap); err != nil {
			return err
		}
		out.Key, err = r.rotate(ctx, tx, t, overlap)
		return err
	})
	return out, err
}

// RotateEd25519 makes a new ed25519 key; the ones so far go on signing for
// overlap.
func (r *Registry) RotateEd25519(ctx context.Context, raw string, overlap time.Duration) (out Rotated, err error) {
	out.State, err = r.rotation(ctx, raw, overlap, func(ctx context.Context, tx *store.Tx, t target.Target) error {
		kept, err := r.readSettings(ctx, tx, t.ID)
		if err != nil {
			return err
		}
		if !kept.Ed25519 {
			return fault.FailedPrecondition("The settings of the target ask for no ed25519_signatures").WithID(idNotEd25519)
		}
		if err := r.checkRoom(ctx, tx.Ed25519Keys, t.ID, overlap); err != nil {
			return err
		}
		if err := tx.ExpireEd25519Keys(ctx, t, overlap); err != nil {
			return err
		}
		out.Public, err = r.addEd25519Key(ctx, tx, t)
		return err
	})
	return out, err
}

// rotation runs do on a target whose version it has raised, and returns how the
// target then is.
func (r *Registry) rotation(ctx context.Context, raw string, overlap time.Duration, do func(context.Context, *store.Tx, target.Target) error) (s State, err error) {
	if overlap < 0 || overlap > r.bounds.Overlap {
		return State{}, fault.Invalid("overlap must be 0s to %s", r.bounds.Overlap).WithID(idOverlap)
	}
	id, err := known(raw, idPatchNotFound)
	if err != nil {
		return State{}, err
	}
	_, err = r.change(ctx, id, func(ctx context.Context, tx *store.Tx, _ target.Target) (target.Target, error) {
		t, err := tx.TouchTarget(ctx, id)
		if err != nil {
			return target.Target{}, err
		}
		if err := do(ctx, tx, t); err != nil {
			return target.Target{}, err
		}
		s, err = r.state(ctx, tx, t)
		return t, err
	})
	return s, orNotFound(err, idPatchNotFound)
}

// checkRoom reports that one key more would be too many.
func (r *Registry) checkRoom(ctx context.Context, keys func(context.Context, target.ID) ([]store.SigningKey, error), id target.ID, overlap time.Duration) error {
	signing, err := keys(ctx, id)
	if err != nil {
		return err
	}
	if overlap > 0 && len(signing) >= r.bounds.SigningKeys {
		return fault.FailedPrecondition("%d keys sign already: wait until one expires, or rotate without overlap", len(signing)).WithID(idTooManyKeys)
	}
	return nil
}

// rotate makes a new HMAC key; the old ones go on signing for overlap.
func (r *Registry) rotate(ctx context.Context, tx *store.Tx, t target.Target, overlap time.Duration) (config.Secret, error) {
	if err := tx.ExpireKeys(ctx, t, overlap); err != nil {
		return config.Secret{}, err
	}
	return r.addKey(ctx, tx, t)
}

// addKey makes t's newest HMAC key.
func (r *Registry) addKey(ctx context.Context, tx *store.Tx, t target.Target) (config.Secret, error) {
	key := secret.NewSigningKey()
	return key, tx.AddKey(ctx, t, r.Box.Seal(key, keyOwner(ctx, t.ID)))
}

// addEd25519Key makes t's newest ed25519 key and returns its public half.
func (r *Registry) addEd25519Key(ctx context.Context, tx *store.Tx, t target.Target) ([]byte, error) {
	seed, public := secret.NewEd25519()
	return public, tx.AddEd25519Key(ctx, t, r.Box.Seal(seed, ed25519Owner(ctx, t.ID)), public)
}

// open decrypts a secret of a target.
func (r *Registry) open(sealed secret.Sealed, owner string, id target.ID) (config.Secret, error) {
	plain, err := r.Box.Open(sealed, owner)
	if err != nil {
		return config.Secret{}, fault.Internal("A secret of target %s cannot be decrypted", id).WithID(idUndecryptable).Because(err)
	}
	return plain, nil
}

// What secrets are bound to: none opens in the place of another.

func keyOwner(ctx context.Context, id target.ID) string {
	return string(tenant.From(ctx).Tenant) + "/" + string(id)
}

func ed25519Owner(ctx context.Context, id target.ID) string { return keyOwner(ctx, id) + "/ed25519" }

func settingsOwner(ctx context.Context, id target.ID) string { return keyOwner(ctx, id) + "/settings" }

func webKeyOwner(ctx context.Context, id string) string {
	return string(tenant.From(ctx).Tenant) + "/web-keys/" + id
}

package registry

import (
	"context"
	"slices"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/targets/internal/publickey"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// Error ids of the wire: what is unknown here is a failed precondition, though
// the documents promise "not found".
const (
	idKeyOfNoTarget  = "COMMAND-nd3fsd"
	idNoPublicKey    = "COMMAND-SAF4g"
	idTooManyPublics = "TARGET-pubk3ysmax" // ours
)

// AddPublicKey adds a key, inactive, that payloads may be encrypted for. With
// expires nil it does not expire.
func (r *Registry) AddPublicKey(ctx context.Context, raw string, pem []byte, expires *time.Time) (added publickey.Key, err error) {
	// What is wrong with the key is said also of a target that is not there.
	if _, err := publickey.Parse(pem); err != nil {
		return publickey.Key{}, err
	}
	err = r.changeKeys(ctx, raw, func(ctx context.Context, tx *store.Tx, current target.Target, keys []publickey.Key) (target.Target, error) {
		if len(keys) >= r.bounds.PublicKeys {
			return target.Target{}, fault.FailedPrecondition("A target may have %d public keys: remove one first", r.bounds.PublicKeys).WithID(idTooManyPublics)
		}
		t, err := tx.TouchTarget(ctx, current.ID)
		if err != nil {
			return target.Target{}, err
		}
		if added, err = publickey.New(r.ids.Next(), pem, expires, t.Changed); err != nil {
			return target.Target{}, err
		}
		return t, tx.AddPublicKey(ctx, t, added)
	})
	return added, err
}

// ActivatePublicKey makes a key the one that is used, and returns when it
// became so.
func (r *Registry) ActivatePublicKey(ctx context.Context, raw, keyID string) (time.Time, error) {
	return r.switchKey(ctx, raw, keyID, true, func(ctx context.Context, tx *store.Tx, t target.Target, k publickey.Key) error {
		if err := k.CheckActivate(t.Changed); err != nil {
			return err
		}
		return tx.ActivatePublicKey(ctx, t, k.ID)
	})
}

// DeactivatePublicKey leaves a target without an active key if it is this one,
// and returns since when this one is inactive.
func (r *Registry) DeactivatePublicKey(ctx context.Context, raw, keyID string) (time.Time, error) {
	return r.switchKey(ctx, raw, keyID, false, func(ctx context.Context, tx *store.Tx, t target.Target, k publickey.Key) error {
		return tx.DeactivatePublicKey(ctx, t, k.ID)
	})
}

// RemovePublicKey forgets a key that is not active and returns when. What is
// not there is removed already: the time is zero.
func (r *Registry) RemovePublicKey(ctx context.Context, raw, keyID string) (removed time.Time, err error) {
	err = r.changeKeys(ctx, raw, func(ctx context.Context, tx *store.Tx, current target.Target, keys []publickey.Key) (target.Target, error) {
		removed = time.Time{}
		i := slices.IndexFunc(keys, func(k publickey.Key) bool { return k.ID == keyID })
		if i < 0 {
			return current, nil
		}
		if err := keys[i].CheckRemove(); err != nil {
			return target.Target{}, err
		}
		t, err := tx.TouchTarget(ctx, current.ID)
		removed = t.Changed
		if err != nil {
			return target.Target{}, err
		}
		return t, tx.DeletePublicKey(ctx, t, keyID)
	})
	if f, ok := fault.As(err); ok && f.ID == idKeyOfNoTarget {
		return time.Time{}, nil
	}
	return removed, err
}

// PublicKeys returns a page of a target's keys, and how many match in all.
func (r *Registry) PublicKeys(ctx context.Context, raw string, q publickey.Search) (page []publickey.Key, total uint64, err error) {
	id, err := known(raw, idGetNotFound)
	if err != nil {
		return nil, 0, err
	}
	err = r.Store.Read(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Target(ctx, id); err != nil {
			return err
		}
		keys, err := tx.PublicKeys(ctx, id)
		page, total = q.Find(keys)
		return err
	})
	return page, total, orNotFound(err, idGetNotFound)
}

// switchKey runs do on a key that is not as active as wanted, and returns when
// it was last changed.
func (r *Registry) switchKey(ctx context.Context, raw, keyID string, active bool, do func(context.Context, *store.Tx, target.Target, publickey.Key) error) (changed time.Time, err error) {
	err = r.changeKeys(ctx, raw, func(ctx context.Context, tx *store.Tx, current target.Target, keys []publickey.Key) (target.Target, error) {
		i := slices.IndexFunc(keys, func(k publickey.Key) bool { return k.ID == keyID })
		if i < 0 {
			return target.Target{}, fault.FailedPrecondition("The target has no such public key").WithID(idNoPublicKey)
		}
		if keys[i].Active == active {
			changed = keys[i].Changed
			return current, nil
		}
		t, err := tx.TouchTarget(ctx, current.ID)
		changed = t.Changed
		if err != nil {
			return target.Target{}, err
		}
		return t, do(ctx, tx, t, keys[i])
	})
	return changed, err
}

// changeKeys changes a target, given its public keys.
func (r *Registry) changeKeys(ctx context.Context, raw string, do func(context.Context, *store.Tx, target.Target, []publickey.Key) (target.Target, error)) error {
	id, ok := target.ParseID(raw)
	if !ok {
		return keyOfNoTarget()
	}
	_, err := r.change(ctx, id, func(ctx context.Context, tx *store.Tx, current target.Target) (target.Target, error) {
		keys, err := tx.PublicKeys(ctx, id)
		if err != nil {
			return target.Target{}, err
		}
		return do(ctx, tx, current, keys)
	})
	if fault.CodeOf(err) == fault.CodeNotFound {
		return keyOfNoTarget().Because(err)
	}
	return err
}

func keyOfNoTarget() *fault.Error {
	return fault.FailedPrecondition("Target not found").WithID(idKeyOfNoTarget)
}

package registry

import (
	"context"
	"slices"
	"time"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/services/targets/internal/publickey"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
	"github.com/actionplane/actionplane/services/targets/internal/webkey"
)

// Profile is all that sending to a target takes, in clear.
type Profile struct {
	State
	HMACKeys     []config.Secret // newest first
	Ed25519Seeds []config.Secret // newest first
	WebKey       *webkey.Pair    // JWT and JWE
	EncryptFor   *publickey.Key  // JWE; nil: nothing may be sent
}

// Profile returns what sending to a target takes as of one moment.
func (r *Registry) Profile(ctx context.Context, raw string) (p Profile, err error) {
	id, err := known(raw, idGetNotFound)
	if err != nil {
		return Profile{}, err
	}
	err = r.Store.Read(ctx, func(ctx context.Context, tx *store.Tx) error {
		p, err = r.profile(ctx, tx, id)
		return err
	})
	if err != nil {
		return Profile{}, orNotFound(err, idGetNotFound)
	}
	if p.Payload == target.JSON {
		return p, nil
	}
	pair, err := r.webKey(ctx)
	p.WebKey = &pair
	return p, err
}

func (r *Registry) profile(ctx context.Context, tx *store.Tx, id target.ID) (p Profile, err error) {
	t, err := tx.Target(ctx, id)
	if err != nil {
		return Profile{}, err
	}
	if p.State, err = r.state(ctx, tx, t); err != nil {
		return Profile{}, err
	}
	if p.HMACKeys, err = r.openAll(p.HMAC, keyOwner(ctx, id), id); err != nil {
		return Profile{}, err
	}
	if p.Ed25519Seeds, err = r.openAll(p.Ed25519, ed25519Owner(ctx, id), id); err != nil {
		return Profile{}, err
	}
	if t.Payload == target.JWE {
		p.EncryptFor, err = usable(ctx, tx, id)
	}
	return p, err
}

func (r *Registry) openAll(sealed []store.SigningKey, owner string, id target.ID) ([]config.Secret, error) {
	keys := make([]config.Secret, 0, len(sealed))
	for _, s := range sealed {
		key, err := r.open(s.Sealed, owner, id)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// usable returns the public key that payloads are encrypted for now; nil: there
// is none.
func usable(ctx context.Context, tx *store.Tx, id target.ID) (*publickey.Key, error) {
	keys, err := tx.PublicKeys(ctx, id)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if i := slices.IndexFunc(keys, func(k publickey.Key) bool { return k.UsableAt(now) }); i >= 0 {
		return &keys[i], nil
	}
	return nil, nil
}

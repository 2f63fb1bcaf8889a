package registry

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/webkey"
)

// WebKeys returns the public keys that verify what the tenant signs, newest
// first.
func (r *Registry) WebKeys(ctx context.Context) ([]webkey.Public, error) {
	kept, err := r.webKeys(ctx)
	if err != nil {
		return nil, err
	}
	keys := make([]webkey.Public, 0, len(kept))
	for _, k := range kept {
		keys = append(keys, k.Public)
	}
	return keys, nil
}

// webKey returns the key that the tenant signs with.
func (r *Registry) webKey(ctx context.Context) (webkey.Pair, error) {
	kept, err := r.webKeys(ctx)
	if err != nil {
		return webkey.Pair{}, err
	}
	newest := kept[0]
	private, err := r.Box.Open(newest.Private, webKeyOwner(ctx, newest.ID))
	if err != nil {
		return webkey.Pair{}, fault.Internal("Web key %s cannot be decrypted", newest.ID).WithID(idUndecryptable).Because(err)
	}
	return webkey.Pair{Public: newest.Public, Private: private}, nil
}

// webKeys returns what the tenant has, newest first and at least one: the first
// is made by whoever needs it first, so that receivers find it before they are
// sent anything. It changes no target, so nobody is told.
func (r *Registry) webKeys(ctx context.Context) ([]store.WebKey, error) {
	kept, err := r.Store.WebKeys(ctx)
	if err != nil || len(kept) > 0 {
		return kept, err
	}
	made, err := webkey.New()
	if err != nil {
		return nil, err
	}
	first := store.WebKey{Public: made.Public, Private: r.Box.Seal(made.Private, webKeyOwner(ctx, made.ID))}
	if err := r.Store.AddFirstWebKey(ctx, first); err != nil {
		return nil, err
	}
	if kept, err = r.Store.WebKeys(ctx); err == nil && len(kept) == 0 {
		err = fault.Internal("All web keys of the tenant have expired")
	}
	return kept, err
}

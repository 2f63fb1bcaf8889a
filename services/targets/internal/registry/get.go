package registry

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// Keyed is a target with its newest signing key, which ZITADEL's API shows to
// whoever may read the target.
type Keyed struct {
	target.Target
	Key config.Secret
}

// Page is what a search found.
type Page struct {
	Targets []Keyed
	Total   uint64    // all that match, on whatever page
	At      time.Time // as of when
}

// Get returns a target.
func (r *Registry) Get(ctx context.Context, raw string) (Keyed, error) {
	id, err := known(raw, idGetNotFound)
	if err != nil {
		return Keyed{}, err
	}
	found, err := r.Store.Target(ctx, id)
	if err != nil {
		return Keyed{}, orNotFound(err, idGetNotFound)
	}
	return r.keyed(ctx, found)
}

// Search returns a page of targets.
func (r *Registry) Search(ctx context.Context, q target.Search) (Page, error) {
	found, err := r.Store.Search(ctx, q)
	if err != nil {
		return Page{}, err
	}
	page := Page{Total: found.Total, At: found.At}
	for _, f := range found.Targets {
		k, err := r.keyed(ctx, f)
		if err != nil {
			return Page{}, err
		}
		page.Targets = append(page.Targets, k)
	}
	return page, nil
}

// Snapshots returns those of the targets that exist, in no particular order.
func (r *Registry) Snapshots(ctx context.Context, raw []string) ([]target.Target, error) {
	return r.Store.Targets(ctx, target.ParseIDs(raw))
}

func (r *Registry) keyed(ctx context.Context, found store.Keyed) (Keyed, error) {
	key, err := r.open(found.Key, keyOwner(ctx, found.ID), found.ID)
	return Keyed{Target: found.Target, Key: key}, err
}

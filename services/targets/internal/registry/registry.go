// Package registry is the one place that knows what may happen to a target. It
// speaks no wire: every version of the API is a thin layer over it, so that all
// of them see, and change, the same targets.
//
// All changes go through mutate, and those of a target that exists through
// change, which holds its row: changes of one target come one after another,
// whatever version, service or replica they come through.
package registry

import (
	"log/slog"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/services/targets/internal/secret"
	"github.com/actionplane/actionplane/services/targets/internal/settings"
	"github.com/actionplane/actionplane/services/targets/internal/store"
)

// Bounds are how much there may be of everything; operators set them.
type Bounds struct {
	Page        uint32 // targets or keys a page
	PublicKeys  int    // a target
	SigningKeys int    // that sign for a target with one algorithm at once
	Overlap     time.Duration
	Settings    settings.Bounds
}

// Deps is what a registry works with.
type Deps struct {
	Log   *slog.Logger
	Store *store.Store
	Box   *secret.Box
	Relay *outbox.Relay
	Door  *approval.Door
}

// Registry holds the targets of all tenants. It is safe for concurrent use, by
// any number of replicas on one database.
type Registry struct {
	Deps
	bounds Bounds
	ids    *ident.Source
}

// New returns a registry. It starts nothing.
func New(bounds Bounds, deps Deps) *Registry {
	return &Registry{Deps: deps, bounds: bounds, ids: ident.NewSource(ident.RandomNode())}
}

// MaxPage returns the size of the largest page.
func (r *Registry) MaxPage() uint32 { return r.bounds.Page }

package profile

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
)

const (
	maxTargets = 10_000
	// maxAge is short, so that a key which is rotated is in use within the
	// minute even where the change feed is away; the feed makes it immediate.
	maxAge = time.Minute
	// askTimeout bounds one question to the targets service.
	askTimeout = 5 * time.Second
)

// Book has the profiles of targets. Each is asked of the targets service once,
// whoever needs it meanwhile, and kept for a minute or until the target
// changes. It is safe for concurrent use.
type Book struct {
	targets  *targetsv1.TargetsBusClient
	bus      *bus.Conn
	profiles *cache.Local[name, *Profile]
	lookups  *cache.Lookups
}

type name struct{ tenant, target string }

// NewBook returns a book that asks over conn. lookups, which may be nil, counts
// in layers Memory and Owner. Close it.
func NewBook(conn *bus.Conn, lookups *cache.Lookups) *Book {
	return &Book{
		targets: targetsv1.NewTargetsBusClient(conn), bus: conn, lookups: lookups,
		profiles: cache.NewLocal[name, *Profile](maxTargets, maxAge),
	}
}

// Close ends the book.
func (b *Book) Close() { b.profiles.Close() }

// AtHand returns a profile that is known already.
func (b *Book) AtHand(tenantID, target string) (*Profile, bool) {
	p, ok := b.profiles.Get(name{tenantID, target})
	if ok {
		b.lookups.Count(cache.Memory, true)
	}
	return p, ok
}

// Profile returns what sending to a target takes now. CodeNotFound: the target
// is deleted; CodeUnavailable, CodeDeadline: the targets service is away.
func (b *Book) Profile(ctx context.Context, tenantID, target string) (*Profile, error) {
	if p, ok := b.AtHand(tenantID, target); ok {
		return p, nil
	}
	b.lookups.Count(cache.Memory, false)
	n := name{tenantID, target}
	p, err := b.profiles.GetOrLoad(ctx, n, b.load)
	if err != nil && ctx.Err() == nil && timeRanOut(err) { // of whoever asked first
		p, err = b.profiles.GetOrLoad(ctx, n, b.load)
	}
	return p, err
}

func timeRanOut(err error) bool {
	return fault.CodeOf(err) == fault.CodeDeadline || fault.CodeOf(err) == fault.CodeCanceled
}

func (b *Book) load(ctx context.Context, n name) (*Profile, error) {
	ctx, cancel := context.WithTimeout(tenant.With(ctx, tenant.Identity{Tenant: tenant.ID(n.tenant)}), askTimeout)
	defer cancel()
	answer, err := b.targets.GetSendingProfile(ctx, &targetsv1.GetSendingProfileRequest{TargetId: n.target})
	b.lookups.Count(cache.Owner, err == nil)
	if err != nil {
		return nil, err
	}
	return parse(answer), nil
}

// Follow forgets the profiles of targets that change, until ctx is done.
func (b *Book) Follow(ctx context.Context) error {
	return changefeed.Follow(ctx, b.bus, func(uint64) { b.profiles.Clear() }, func(_ uint64, c *changesv1.Change) {
		switch c.GetResource() {
		case "target":
			b.profiles.Delete(name{c.GetTenant(), c.GetId()})
		case "": // of nobody knows what
			b.profiles.Clear()
		}
	})
}

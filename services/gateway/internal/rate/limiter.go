// Package rate limits how fast callers may call. Each has a bucket in this
// process, which decides alone and at once; ten times a second the buckets that
// were used tell Redis, and learn what their like in other replicas have let
// through. So no request ever waits for Redis, a Redis that is away costs
// nothing but the other replicas' share, and a limit is overstepped by at most
// what the replicas let through within that tenth of a second.
package rate

import (
	"context"
	"log/slog"
	"time"

	"github.com/actionplane/actionplane/libs/cache"
)

const (
	// shareEvery is how long replicas do not know of each other's requests.
	shareEvery = 100 * time.Millisecond
	// maxShared bounds the buckets of one round trip, and those that wait for
	// one.
	maxShared = 1000
	// maxReplicas bounds what may have been let through by all of them before any
	// learned of it: more was not, whatever Redis says.
	maxReplicas = 100
	// kept is how many callers are known at once, and keptFor how long. A
	// bucket that is forgotten is full again.
	kept    = 50_000
	keptFor = 10 * time.Minute
)

// Sharer is how replicas learn of each other. *cache.Redis is one.
type Sharer interface {
	Charge(ctx context.Context, charges []cache.Charge) ([]time.Duration, error)
}

// Limiter limits callers, each known by a key. It is safe for concurrent use.
type Limiter struct {
	limit   Limit
	prefix  string
	start   time.Time
	buckets *cache.Local[string, *bucket]
	share   Sharer       // nil: this replica alone
	used    chan *bucket // that wait to be shared
	log     *slog.Logger
}

// New returns a limiter; name tells its keys from those of others. share may
// be nil.
func New(name string, limit Limit, share Sharer, log *slog.Logger) *Limiter {
	return &Limiter{
		limit: limit, prefix: "rate:" + name + ":", start: time.Now(), share: share, log: log,
		buckets: cache.NewLocal[string, *bucket](kept, keptFor),
		used:    make(chan *bucket, maxShared),
	}
}

// Close forgets everybody.
func (l *Limiter) Close() { l.buckets.Close() }

// Limit returns what New got.
func (l *Limiter) Limit() Limit { return l.limit }

// Known reports whether the caller has a bucket.
func (l *Limiter) Known(key string) bool {
	_, ok := l.buckets.Get(key)
	return ok
}

// Take uses one request of the caller's allowance, and makes him known.
func (l *Limiter) Take(key string) Verdict {
	b, ok := l.buckets.Get(key)
	if !ok {
		b = &bucket{key: key}
		l.buckets.Set(key, b)
	}
	if l.limit.Rate == 0 {
		return Verdict{Allowed: true}
	}
	v := b.take(time.Since(l.start), l.limit)
	if v.Allowed && l.share != nil {
		l.enqueue(b)
	}
	return v
}

// Look says what Take would, and uses nothing.
func (l *Limiter) Look(key string) Verdict {
	if l.limit.Rate == 0 {
		return Verdict{Allowed: true}
	}
	b, ok := l.buckets.Get(key)
	if !ok {
		return l.limit.verdict(0)
	}
	return b.look(time.Since(l.start), l.limit)
}

func (l *Limiter) enqueue(b *bucket) {
	b.unshared.Add(1)
	if b.queued.Load() || !b.queued.CompareAndSwap(false, true) {
		return
	}
	select {
	case l.used <- b:
	default: // too many at once: another time
		b.queued.Store(false)
	}
}

// Run shares until ctx is done.
func (l *Limiter) Run(ctx context.Context) error {
	if l.share == nil || l.limit.Rate == 0 {
		<-ctx.Done()
		return nil
	}
	ticker := time.NewTicker(shareEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			l.Share(ctx)
		}
	}
}

// Share tells of what was let through since the last time, and learns.
func (l *Limiter) Share(ctx context.Context) {
	var buckets []*bucket
	var charges []cache.Charge
	for len(l.used) > 0 {
		b := <-l.used
		b.queued.Store(false)
		buckets = append(buckets, b)
		charges = append(charges, cache.Charge{
			Key: l.prefix + b.key, Amount: time.Duration(b.unshared.Swap(0)) * l.limit.interval(), Most: maxReplicas * l.limit.window(),
		})
	}
	if len(charges) == 0 {
		return
	}
	debts, err := l.share.Charge(ctx, charges)
	if err != nil { // each replica for itself
		l.log.DebugContext(ctx, "rate.not_shared", "error", err)
		return
	}
	now := time.Since(l.start)
	for i, b := range buckets {
		meanwhile := time.Duration(b.unshared.Load()) * l.limit.interval()
		b.learn(now + debts[i] + meanwhile)
	}
}

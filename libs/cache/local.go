package cache

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"
)

// Local is a bounded cache in this process, for what is read far too often to
// ask Redis. It is safe for concurrent use. It wraps otter so that its users
// see the five methods they need and every cache has a bound in both entries
// and age.
type Local[K comparable, V any] struct {
	entries *otter.Cache[K, V]
}

// NewLocal returns an empty cache of at most maxEntries entries, each kept no
// longer than ttl after it was set. Both must be positive. Close it after use.
func NewLocal[K comparable, V any](maxEntries int, ttl time.Duration) *Local[K, V] {
	return &Local[K, V]{entries: otter.Must(&otter.Options[K, V]{
		MaximumSize:      maxEntries,
		ExpiryCalculator: otter.ExpiryWriting[K, V](ttl),
	})}
}

// Get returns the value of key and whether there is one.
func (l *Local[K, V]) Get(key K) (V, bool) { return l.entries.GetIfPresent(key) }

// GetOrLoad returns the value of key; where there is none it calls load, once
// for all callers that ask meanwhile, and keeps what it returns unless that is
// an error. A key that is deleted during its load is loaded again, until ctx is
// done. load must not use the cache it fills.
func (l *Local[K, V]) GetOrLoad(ctx context.Context, key K, load func(ctx context.Context, key K) (V, error)) (V, error) {
	return l.entries.Get(ctx, key, otter.LoaderFunc[K, V](load))
}

// Set stores value under key.
func (l *Local[K, V]) Set(key K, value V) { l.entries.Set(key, value) }

// Delete forgets keys. A load that runs meanwhile does not bring back what it
// read before.
func (l *Local[K, V]) Delete(keys ...K) {
	for _, key := range keys {
		l.entries.Invalidate(key)
	}
}

// Clear forgets everything.
func (l *Local[K, V]) Clear() { l.entries.InvalidateAll() }

// Close stops the goroutine that removes what is too old.
func (l *Local[K, V]) Close() { l.entries.StopAllGoroutines() }

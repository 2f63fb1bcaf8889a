package cache

import (
	"context"
	"time"
)

// Cache is shared by all replicas of a service. Its errors are
// fault.Unavailable when the store cannot be reached; callers treat any error
// as a miss.
type Cache interface {
	// Get returns the value of key and whether there is one.
	Get(ctx context.Context, key string) ([]byte, bool, error)

	// GetMulti returns the values of those of keys that have one, in one round
	// trip.
	GetMulti(ctx context.Context, keys ...string) (map[string][]byte, error)

	// Set stores value under key for ttl. A ttl below a millisecond is a
	// fault.Invalid: nothing is kept for ever.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error

	// Delete forgets keys; one that is not there is not an error. When it
	// fails, the old values may be read again until their ttl is over: what must
	// not be stale carries a version in its key or value.
	Delete(ctx context.Context, keys ...string) error
}

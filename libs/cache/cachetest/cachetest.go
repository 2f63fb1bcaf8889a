// Package cachetest gives tests a cache and judges implementations of one.
package cachetest

import (
	"crypto/rand"
	"os"
	"testing"

	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/cache/cacheserver"
)

// RedisURL is the environment variable that makes New use a real Redis.
const RedisURL = "ACTIONPLANE_TEST_REDIS_URL"

// New returns an empty cache that lives as long as the test: a server of the
// test's own, or keys with a random prefix in the Redis that RedisURL names.
func New(t testing.TB) cache.Cache {
	t.Helper()
	return Open(t, URL(t), cache.WithPrefix(rand.Text()))
}

// URL returns the Redis that New uses.
func URL(t testing.TB) string {
	t.Helper()
	if url := os.Getenv(RedisURL); url != "" {
		return url
	}
	server, err := cacheserver.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server.URL()
}

// Open opens the cache at url and closes it after the test.
func Open(t testing.TB, url string, options ...cache.Option) *cache.Redis {
	t.Helper()
	c, err := cache.Open(t.Context(), url, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close cache: %v", err)
		}
	})
	return c
}

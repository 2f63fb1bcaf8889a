package cache_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/cache/cachetest"
)

// BenchmarkRedis reads from caches of different fill: neither must cost more
// than the other.
func BenchmarkRedis(b *testing.B) {
	for _, entries := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("Get/entries=%d", entries), func(b *testing.B) {
			c := cachetest.New(b)
			for i := range entries {
				if err := c.Set(b.Context(), fmt.Sprint(i), []byte("value"), time.Hour); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if _, found, err := c.Get(b.Context(), "0"); !found || err != nil {
					b.Fatal(found, err)
				}
			}
		})
	}
}

// BenchmarkRedisAway is what every call pays while Redis is dead.
func BenchmarkRedisAway(b *testing.B) {
	c := cachetest.Open(b, "redis://127.0.0.1:1")
	for b.Loop() {
		if _, _, err := c.Get(b.Context(), "key"); err == nil {
			b.Fatal("got an answer")
		}
	}
}

func BenchmarkLocalGet(b *testing.B) {
	l := cache.NewLocal[string, []byte](1000, time.Hour)
	b.Cleanup(l.Close)
	l.Set("key", []byte("value"))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, found := l.Get("key"); !found {
				b.Fail()
			}
		}
	})
}

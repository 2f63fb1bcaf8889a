package resolver_test

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/cache/cachetest"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/executions/internal/chain"
	"github.com/actionplane/actionplane/services/executions/internal/resolver"
	"github.com/actionplane/actionplane/services/executions/internal/store"
	"github.com/actionplane/actionplane/services/executions/internal/store/migrations"
)

// oneKey keeps everything under one key, so that a name never asked for misses
// in this process and hits in Redis.
type oneKey struct{ cache.Cache }

func (c oneKey) Get(ctx context.Context, _ string) ([]byte, bool, error) {
	return c.Cache.Get(ctx, "key")
}

func (c oneKey) Set(ctx context.Context, _ string, value []byte, ttl time.Duration) error {
	return c.Cache.Set(ctx, "key", value, ttl)
}

// BenchmarkResolve resolves to a service's chain of two targets.
func BenchmarkResolve(b *testing.B) {
	o := newOwners(map[string][]chain.Entry{"request/a.S": {one, two}})
	b.Run("Local", func(b *testing.B) {
		r := newResolver(b, o, nil, started(1))
		b.ReportAllocs()
		for b.Loop() {
			resolve(b, r, "t", call)
		}
	})
	b.Run("LocalParallel", func(b *testing.B) {
		r := newResolver(b, o, nil, started(1))
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				resolve(b, r, "t", call)
			}
		})
	})
	b.Run("Redis", func(b *testing.B) {
		r := newResolver(b, o, oneKey{cachetest.New(b)}, started(1))
		before := o.reads.Load()
		for n := 0; b.Loop(); n++ {
			resolve(b, r, strconv.Itoa(n), call)
		}
		if o.reads.Load() != before+1 {
			b.Fatal("Redis was missed")
		}
	})
	b.Run("Postgres", func(b *testing.B) {
		s := store.New(pgtest.New(b, "executions", migrations.FS))
		put(b, s, "request/a.S", one, two)
		r := resolver.New(s, o, nil, resolver.NewEpochs(), nil, slog.New(slog.DiscardHandler)) // no epoch: nothing is kept
		b.Cleanup(r.Close)
		for b.Loop() {
			resolve(b, r, "t", call)
		}
	})
}

func put(b *testing.B, s *store.Store, id string, entries ...chain.Entry) {
	b.Helper()
	err := s.Tx(b.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Set(ctx, store.Setting{
			Tenant: "t", Kind: "request", Now: time.Now(), Root: chain.Execution{ConditionID: id, Entries: entries},
			Changed: func(context.Context, pgx.Tx, bool) error { return nil },
		})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

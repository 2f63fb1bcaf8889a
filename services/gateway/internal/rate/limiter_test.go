package rate_test

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/cache/cachetest"
	"github.com/actionplane/actionplane/services/gateway/internal/rate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var discard = slog.New(slog.DiscardHandler)

// later lets time pass in a bubble.
func later(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the clock of the bubble

func TestTake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := rate.New("t", rate.Limit{Rate: 10, Burst: 3}, nil, discard)
		defer l.Close()
		if l.Known("a") || !l.Look("a").Allowed || l.Known("a") {
			t.Error("who never called is known, or refused")
		}
		for i := range 3 {
			if v := l.Take("a"); !v.Allowed || v.Remaining != 2-i {
				t.Errorf("request %d: %+v", i, v)
			}
		}
		for _, v := range []rate.Verdict{l.Take("a"), l.Look("a")} {
			if v.Allowed || v.Wait != 100*time.Millisecond || v.Reset != 300*time.Millisecond {
				t.Errorf("got %+v", v)
			}
		}
		if v := l.Take("b"); !v.Allowed || !l.Known("b") {
			t.Errorf("another caller: %+v", v)
		}
		later(100 * time.Millisecond)
		if one, another := l.Take("a"), l.Take("a"); !one.Allowed || another.Allowed {
			t.Error("not one more after the time of one")
		}
		later(time.Hour)
		if v := l.Look("a"); v.Remaining != 3 || v.Reset != 0 {
			t.Errorf("after a quiet hour: %+v", v)
		}
	})
}

func TestNoLimit(t *testing.T) {
	t.Parallel()
	l := rate.New("t", rate.Limit{}, nil, discard)
	defer l.Close()
	for range 10 {
		if !l.Take("a").Allowed || !l.Look("a").Allowed || !l.Known("a") {
			t.Fatal("refused")
		}
	}
}

// TestNeverMoreThanTheLimit lets requests come in any rhythm: in no stretch of
// time are there more than its rate and one burst.
func TestNeverMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		limit := rate.Limit{Rate: rapid.IntRange(1, 1000).Draw(r, "rate"), Burst: rapid.IntRange(1, 50).Draw(r, "burst")}
		pauses := rapid.SliceOfN(rapid.IntRange(0, 5_000_000), 1, 200).Draw(r, "pauses")
		synctest.Test(t, func(t *testing.T) {
			l := rate.New("t", limit, nil, discard)
			defer l.Close()
			start, allowed := time.Now(), 0
			for _, pause := range pauses {
				later(time.Duration(pause))
				if l.Take("a").Allowed {
					allowed++
				}
			}
			if most := limit.Burst + int(time.Since(start)*time.Duration(limit.Rate)/time.Second) + 1; allowed > most {
				t.Errorf("%d were let through, want at most %d", allowed, most)
			}
		})
	})
}

func TestReplicasShare(t *testing.T) {
	t.Parallel()
	url, prefix := cachetest.URL(t), cache.WithPrefix(rand.Text())
	limit := rate.Limit{Rate: 1, Burst: 100}
	var replicas []*rate.Limiter
	for range 2 {
		l := rate.New("t", limit, cachetest.Open(t, url, prefix), discard)
		t.Cleanup(l.Close)
		replicas = append(replicas, l)
	}
	for range 60 {
		replicas[0].Take("a")
	}
	replicas[0].Share(t.Context())
	replicas[1].Take("a")
	replicas[1].Take("b")
	replicas[1].Share(t.Context())
	if left := replicas[1].Look("a").Remaining; left > 60 || left < 39 { // a slow machine earns some again
		t.Errorf("%d are left after 61 of 100", left)
	}
	if left := replicas[1].Look("b").Remaining; left < 99 {
		t.Errorf("%d are left to another caller", left)
	}
}

func TestRedisAwayRefusesNobody(t *testing.T) {
	t.Parallel()
	l := rate.New("t", rate.Limit{Rate: 1, Burst: 2}, cachetest.Open(t, "redis://127.0.0.1:1"), discard)
	defer l.Close()
	if !l.Take("a").Allowed {
		t.Error("refused")
	}
	l.Share(t.Context())
	if !l.Take("a").Allowed || l.Take("a").Allowed {
		t.Error("the replica's own limit does not hold")
	}
}

// TestTakeAtOnce is about many who take at the same moment.
func TestTakeAtOnce(t *testing.T) {
	t.Parallel()
	l := rate.New("t", rate.Limit{Rate: 1, Burst: 100}, nil, discard)
	defer l.Close()
	l.Take("a")
	var allowed atomic.Int64
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for range 100 {
				if l.Take("a").Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	callers.Wait()
	if n := allowed.Load(); n < 99 || n > 120 {
		t.Errorf("%d were let through, want 99 and what time has earned", n)
	}
}

func BenchmarkTake(b *testing.B) {
	for _, share := range []bool{false, true} {
		b.Run(fmt.Sprintf("shared=%t", share), func(b *testing.B) {
			var with rate.Sharer
			if share {
				with = cachetest.Open(b, cachetest.URL(b))
			}
			l := rate.New("t", rate.Limit{Rate: 1 << 20, Burst: 1 << 20}, with, discard)
			defer l.Close()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					l.Take("a")
				}
			})
		})
	}
}

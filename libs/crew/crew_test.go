package crew_test

import (
	"runtime"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/libs/crew"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCrew(t *testing.T) {
	t.Parallel()
	t.Run("RunsSideBySide", func(t *testing.T) {
		t.Parallel()
		c := crew.New()
		first, second := make(chan struct{}), make(chan struct{})
		c.Go(func() { close(first); <-second })
		c.Go(func() { <-first; close(second) })
		c.Wait()
	})
	t.Run("WaitsForAll", func(t *testing.T) {
		t.Parallel()
		c := crew.New()
		var done atomic.Int64
		for range 1000 {
			c.Go(func() { runtime.Gosched(); done.Add(1) })
		}
		c.Wait()
		if n := done.Load(); n != 1000 {
			t.Errorf("%d of 1000 are done", n)
		}
	})
}

// BenchmarkGo is a function that needs a stack of some kilobytes.
func BenchmarkGo(b *testing.B) {
	b.Run("Crew", func(b *testing.B) {
		c := crew.New()
		bounded(b, c.Go)
		c.Wait()
	})
	b.Run("NewGoroutine", func(b *testing.B) { bounded(b, func(f func()) { go f() }) })
}

func bounded(b *testing.B, run func(func())) {
	slots, done := make(chan struct{}, 64), make(chan struct{})
	var n atomic.Int64
	f := func() {
		deep(12)
		<-slots
		if n.Add(1) == int64(b.N) {
			close(done)
		}
	}
	for range b.N {
		slots <- struct{}{}
		run(f)
	}
	<-done
}

//go:noinline
func deep(n int) byte {
	var frame [512]byte
	frame[n] = 1
	if n == 0 {
		return frame[0]
	}
	return deep(n-1) + frame[n]
}

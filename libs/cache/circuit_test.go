package cache

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCircuit(t *testing.T) {
	t.Parallel()

	t.Run("AllowsUntilAFailure", func(t *testing.T) {
		t.Parallel()
		c := circuit{pause: 10}
		if !c.allow(0) || !c.allow(1) {
			t.Error("a new circuit refuses")
		}
		c.failed(5)
		if c.allow(5) || c.allow(14) {
			t.Error("calls are allowed in the pause")
		}
	})

	t.Run("LetsOneCallSeeAfterThePause", func(t *testing.T) {
		t.Parallel()
		c := circuit{pause: 10}
		c.failed(0)
		var allowed atomic.Int64
		var callers sync.WaitGroup
		for range 32 {
			callers.Go(func() {
				if c.allow(10) {
					allowed.Add(1)
				}
			})
		}
		callers.Wait()
		if n := allowed.Load(); n != 1 {
			t.Errorf("%d calls were allowed, want 1", n)
		}
	})

	t.Run("AllowsAllAfterASuccess", func(t *testing.T) {
		t.Parallel()
		c := circuit{pause: 10}
		c.failed(0)
		c.succeeded()
		for range 2 {
			if !c.allow(1) {
				t.Error("calls are refused after a success")
			}
		}
	})
}

// TestCircuitBoundsCallsToADeadServer lets time pass in any steps: a server
// that never answers is asked at most once per pause.
func TestCircuitBoundsCallsToADeadServer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := circuit{pause: time.Duration(rapid.IntRange(1, 1000).Draw(t, "pause"))}
		now, calls := time.Duration(0), 0
		for _, step := range rapid.SliceOf(rapid.IntRange(0, 500)).Draw(t, "steps") {
			now += time.Duration(step)
			if c.allow(now) {
				calls++
				c.failed(now)
			}
		}
		if limit := int(now/c.pause) + 1; calls > limit {
			t.Fatalf("%d calls in %d, want at most %d", calls, now, limit)
		}
	})
}

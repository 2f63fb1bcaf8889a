package ident

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestSourceIsMonotonicWhateverTheClockDoes sets the clock forth and back.
func TestSourceIsMonotonicWhateverTheClockDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		clock := time.UnixMilli(rapid.Int64Range(0, epochMillis+1<<40).Draw(t, "start"))
		s := NewSource(uint16(rapid.IntRange(0, 1<<16-1).Draw(t, "node")))
		s.now = func() time.Time { return clock }
		last := int64(0)
		for _, step := range rapid.SliceOf(rapid.Int64Range(-1000, 1000)).Draw(t, "steps") {
			clock = clock.Add(time.Duration(step) * time.Millisecond)
			id := s.Next()
			n, err := strconv.ParseInt(id, 10, 64)
			if err != nil || !IsSnowflake(id) {
				t.Fatalf("id %q is not a snowflake: %v", id, err)
			}
			if n <= last {
				t.Fatalf("id %d follows %d", n, last)
			}
			last = n
		}
	})
}

func TestSourceKeepsTimeAndNode(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		clock := time.UnixMilli(rapid.Int64Range(epochMillis+1, epochMillis+1<<41-1).Draw(t, "now")).UTC()
		node := uint16(rapid.IntRange(0, nodeMask).Draw(t, "node"))
		s := NewSource(node)
		s.now = func() time.Time { return clock }
		id := s.Next()
		if made, err := Time(id); err != nil || !made.Equal(clock) {
			t.Fatalf("Time(%q) = %v, %v; want %v", id, made, err, clock)
		}
		if n, _ := parse(id); uint16(n>>sequenceBits&nodeMask) != node {
			t.Fatalf("id %q has not node %d", id, node)
		}
	})
}

// TestTextOrderIsTimeOrder proves the choice of the epoch: ids have 19 digits
// from this code's first day to the last of its 41 bits.
func TestTextOrderIsTimeOrder(t *testing.T) {
	t.Parallel()
	for _, moment := range []time.Time{
		time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		time.UnixMilli(epochMillis + 1<<41 - 1),
	} {
		s := NewSource(0)
		s.now = func() time.Time { return moment }
		if id := s.Next(); len(id) != 19 {
			t.Errorf("id of %v is %q, want 19 digits", moment, id)
		}
	}
}

func TestBurstCarriesIntoTheNextMillisecond(t *testing.T) {
	t.Parallel()
	s := NewSource(1)
	now := time.Now()
	s.now = func() time.Time { return now }
	seen := map[string]bool{}
	for range 3 << sequenceBits {
		seen[s.Next()] = true
	}
	if len(seen) != 3<<sequenceBits {
		t.Errorf("%d ids are different, want %d", len(seen), 3<<sequenceBits)
	}
}

func TestSourceIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	const callers, each = 8, 5000
	s := NewSource(RandomNode())
	ids := make([][]string, callers)
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			for range each {
				ids[i] = append(ids[i], s.Next())
			}
		})
	}
	running.Wait()

	seen := map[string]bool{}
	for _, own := range ids {
		for i, id := range own {
			if seen[id] {
				t.Fatalf("id %s was made twice", id)
			}
			seen[id] = true
			if i > 0 && id <= own[i-1] {
				t.Fatalf("id %s follows %s", id, own[i-1])
			}
		}
	}
}

func BenchmarkNext(b *testing.B) {
	s := NewSource(RandomNode())
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.Next()
		}
	})
}

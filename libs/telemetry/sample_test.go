package telemetry_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/telemetry"
)

func TestSample(t *testing.T) {
	t.Parallel()

	t.Run("EverySecondHasItsShareAndNothingGoesUncounted", func(t *testing.T) {
		t.Parallel()
		s := start(t, telemetry.Config{LogSuccesses: 2}).NewSample()
		now := time.Unix(1_000_000, 0)
		for i, want := range []bool{true, true, false, false, false} {
			if skipped, ok := s.Take(now); ok != want || skipped != 0 {
				t.Errorf("line %d: %d, %t", i, skipped, ok)
			}
		}
		if skipped, ok := s.Take(now.Add(time.Second)); !ok || skipped != 3 {
			t.Errorf("a second later: %d, %t", skipped, ok)
		}
	})

	t.Run("NoneIsNone", func(t *testing.T) {
		t.Parallel()
		if _, ok := start(t, telemetry.Config{}).NewSample().Take(time.Now()); ok {
			t.Error("a line may be written")
		}
	})
}

func TestSampleCountsAll(t *testing.T) {
	t.Parallel()
	running := start(t, telemetry.Config{LogSuccesses: 3})
	rapid.Check(t, func(t *rapid.T) {
		s := running.NewSample()
		now, lines, told := time.Unix(0, 0), int64(0), int64(0)
		n := rapid.Int64Range(0, 50).Draw(t, "n")
		for range n {
			now = now.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "ms")) * time.Millisecond)
			if skipped, ok := s.Take(now); ok {
				lines, told = lines+1, told+skipped
			}
		}
		if skipped, ok := s.Take(now.Add(time.Hour)); !ok || lines+told+skipped != n {
			t.Fatalf("%d lines told of %d and %d of %d", lines, told, skipped, n)
		}
	})
}

package recorder_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/recorder"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var config = recorder.Config{Buffer: 4, MaxBatch: 3, Timeout: time.Minute, Pause: time.Millisecond}

func newRecorder(write func([]run.Run) error) *recorder.Recorder {
	return recorder.New(config, func(_ context.Context, runs []run.Run) error { return write(runs) }, slog.New(slog.DiscardHandler))
}

// running runs r until stop is called, which waits.
func running(t *testing.T, r *recorder.Recorder) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestRecord(t *testing.T) {
	t.Parallel()

	t.Run("DropsAndCountsWhatDoesNotFit", func(t *testing.T) {
		t.Parallel()
		written := 0
		r := newRecorder(func(runs []run.Run) error { written += len(runs); return nil })
		for range 10 {
			r.Record(run.Run{}) // nobody writes yet
		}
		running(t, r)()
		if r.Dropped() != 6 || written != 4 {
			t.Fatalf("dropped %d, written %d", r.Dropped(), written)
		}
	})
	t.Run("TriesAgainWhileItRuns", func(t *testing.T) {
		t.Parallel()
		var calls atomic.Int64
		written := make(chan struct{})
		r := newRecorder(func([]run.Run) error {
			if calls.Add(1) < 4 {
				return errors.New("away")
			}
			close(written)
			return nil
		})
		stop := running(t, r)
		r.Record(run.Run{})
		<-written
		stop()
		if r.Dropped() != 0 {
			t.Fatal("dropped")
		}
	})
	t.Run("LosesOnlyTheBadOne", func(t *testing.T) {
		t.Parallel()
		written := 0
		r := newRecorder(func(runs []run.Run) error {
			for _, one := range runs {
				if one.ID == 2 {
					return fault.Invalid("bad")
				}
			}
			written += len(runs)
			return nil
		})
		for i := range run.ID(4) {
			r.Record(run.Run{ID: i})
		}
		running(t, r)()
		if r.Dropped() != 1 || written != 3 {
			t.Fatalf("dropped %d, written %d", r.Dropped(), written)
		}
	})
	t.Run("GivesUpWhenStoppedWithoutADatabase", func(t *testing.T) {
		t.Parallel()
		r := newRecorder(func([]run.Run) error { return errors.New("away") })
		r.Record(run.Run{})
		running(t, r)()
		if r.Dropped() != 1 {
			t.Fatal("not counted")
		}
	})
}

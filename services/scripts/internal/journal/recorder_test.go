package journal_test

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var config = journal.Config{MaxEntries: 4, MaxBytes: 1 << 20, MaxBatch: 3, Timeout: time.Minute, Pause: time.Millisecond}

func newRecorder(cfg journal.Config, write func([]journal.Entry) error) *journal.Recorder {
	return journal.NewRecorder(cfg, func(_ context.Context, e []journal.Entry) error { return write(e) }, slog.New(slog.DiscardHandler))
}

// running runs r until stop is called, which waits.
func running(t *testing.T, r *journal.Recorder) (stop func()) {
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
		var written []journal.ID
		r := newRecorder(config, func(entries []journal.Entry) error {
			for _, e := range entries {
				written = append(written, e.ID)
			}
			return nil
		})
		for i := range journal.ID(10) {
			r.Record(journal.Entry{ID: i}) // nobody writes yet
		}
		running(t, r)()
		if r.Dropped() != 6 || len(written) != 4 || written[3] != 3 {
			t.Fatalf("dropped %d, written %v", r.Dropped(), written)
		}
	})
	t.Run("LogsCountByTheirSize", func(t *testing.T) {
		t.Parallel()
		cfg, written := config, 0
		cfg.MaxBytes = 4096
		r := newRecorder(cfg, func(entries []journal.Entry) error { written += len(entries); return nil })
		for range 3 {
			r.Record(journal.Entry{Logs: []invocation.LogEntry{{Message: strings.Repeat("x", 2000)}}})
		}
		running(t, r)()
		if r.Dropped() != 2 || written != 1 {
			t.Fatalf("dropped %d, written %d", r.Dropped(), written)
		}
		r.Record(journal.Entry{}) // what was written makes room
		if r.Dropped() != 2 {
			t.Fatal("there is no room")
		}
	})
	t.Run("TriesAgainWhileItRuns", func(t *testing.T) {
		t.Parallel()
		var calls atomic.Int64
		written := make(chan struct{})
		r := newRecorder(config, func([]journal.Entry) error {
			if calls.Add(1) < 4 {
				return errors.New("away")
			}
			close(written)
			return nil
		})
		stop := running(t, r)
		r.Record(journal.Entry{})
		<-written
		stop()
		if r.Dropped() != 0 {
			t.Fatal("dropped")
		}
	})
	t.Run("LosesOnlyTheBadOne", func(t *testing.T) {
		t.Parallel()
		written := 0
		r := newRecorder(config, func(entries []journal.Entry) error {
			for _, e := range entries {
				if e.ID == 2 {
					return fault.Invalid("bad")
				}
			}
			written += len(entries)
			return nil
		})
		for i := range journal.ID(4) {
			r.Record(journal.Entry{ID: i})
		}
		running(t, r)()
		if r.Dropped() != 1 || written != 3 {
			t.Fatalf("dropped %d, written %d", r.Dropped(), written)
		}
	})
	t.Run("GivesUpWhenStoppedWithoutADatabase", func(t *testing.T) {
		t.Parallel()
		r := newRecorder(config, func([]journal.Entry) error { return errors.New("away") })
		r.Record(journal.Entry{})
		running(t, r)()
		if r.Dropped() != 1 {
			t.Fatal("not counted")
		}
	})
}

func TestOutcomeOf(t *testing.T) {
	t.Parallel()
	failed := func(k invocation.Kind) invocation.Result { return invocation.Result{Error: &invocation.Error{Kind: k}} }
	denied := failed(invocation.KindThrown)
	denied.Veto = &invocation.Veto{Reason: "no"}
	for want, results := range map[journal.Outcome][]invocation.Result{
		journal.Succeeded: {{}},
		journal.Denied:    {denied},
		journal.TimedOut:  {failed(invocation.KindTimeout)},
		journal.Killed:    {failed(invocation.KindMemory), failed(invocation.KindCrash)},
		journal.Failed:    {failed(invocation.KindThrown), failed(invocation.KindSyntax), failed(invocation.KindStack), failed(invocation.KindNotFound)},
	} {
		for _, r := range results {
			if got := journal.OutcomeOf(r); got != want || (journal.FailureOf(r) == journal.Failure{}) != (want == journal.Succeeded) {
				t.Errorf("%+v: %s, want %s", r, got, want)
			}
		}
	}
}

func TestBefore(t *testing.T) {
	t.Parallel()
	now := time.Now()
	id, err := journal.ParseID(ident.NewSource(1).Next())
	if err != nil || journal.Before(now) >= id || journal.Before(now.Add(2*time.Minute)) <= id {
		t.Errorf("%v is before %v", id, journal.Before(now))
	}
	if got := journal.Before(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)); got != math.MaxInt64 {
		t.Errorf("the end of time: %v", got)
	}
	if got := journal.Before(time.Time{}); got >= journal.Before(now) {
		t.Errorf("the begin of time: %v", got)
	}
}

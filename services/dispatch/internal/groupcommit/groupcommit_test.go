package groupcommit_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/groupcommit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var config = groupcommit.Config{MaxBatch: 10, Parallel: 1, Timeout: time.Minute}

// run runs a writer until the test, or stop, ends it.
func run(t *testing.T, w *groupcommit.Writer[int]) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func TestCommit(t *testing.T) {
	t.Parallel()

	t.Run("GathersWhileATransactionRuns", func(t *testing.T) {
		t.Parallel()
		running, proceed := make(chan struct{}, 10), make(chan struct{})
		var sizes []int
		w := groupcommit.New(config, func(_ context.Context, items []int) error {
			sizes = append(sizes, len(items))
			running <- struct{}{}
			<-proceed
			return nil
		})
		stop := run(t, w)
		var callers sync.WaitGroup
		callers.Go(func() { _ = w.Commit(context.Background(), 0) })
		<-running
		for i := range 10 {
			callers.Go(func() { _ = w.Commit(context.Background(), i) })
		}
		close(proceed)
		callers.Wait()
		stop()
		if sum := 0; sizes[0] != 1 || len(sizes) > 11 {
			t.Fatalf("batches of %v", sizes)
		} else {
			for _, n := range sizes {
				sum += n
			}
			if sum != 11 {
				t.Fatalf("batches of %v", sizes)
			}
		}
	})
	t.Run("FailsABadItemAlone", func(t *testing.T) {
		t.Parallel()
		begun, proceed := make(chan struct{}), make(chan struct{})
		first := sync.OnceFunc(func() { close(begun); <-proceed })
		w := groupcommit.New(config, func(_ context.Context, items []int) error {
			first()
			if slices.Contains(items, 13) {
				return fault.Invalid("unlucky")
			}
			return nil
		})
		run(t, w)
		errs := make([]error, 10)
		var callers sync.WaitGroup
		callers.Go(func() { _ = w.Commit(context.Background(), 0) })
		<-begun
		for i := range errs {
			callers.Go(func() { errs[i] = w.Commit(context.Background(), 10+i) })
		}
		close(proceed)
		callers.Wait()
		for i, err := range errs {
			if (err != nil) != (i == 3) {
				t.Errorf("%d: %v", 10+i, err)
			}
		}
	})
	t.Run("TellsEverybodyOfTrouble", func(t *testing.T) {
		t.Parallel()
		w := groupcommit.New(config, func(context.Context, []int) error { return fault.Unavailable("away") })
		run(t, w)
		if err := w.Commit(context.Background(), 1); fault.CodeOf(err) != fault.CodeUnavailable {
			t.Fatal(err)
		}
	})
	t.Run("TakesNothingOnceStopped", func(t *testing.T) {
		t.Parallel()
		w := groupcommit.New(config, func(context.Context, []int) error { return nil })
		run(t, w)()
		for range 20 { // more than the queue holds
			if err := w.Commit(context.Background(), 1); fault.CodeOf(err) != fault.CodeUnavailable {
				t.Fatal(err)
			}
		}
	})
	t.Run("LeavesWithItsCaller", func(t *testing.T) {
		t.Parallel()
		w := groupcommit.New(config, func(context.Context, []int) error { return nil })
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := w.Commit(ctx, 1); !errors.Is(err, context.Canceled) { // nobody runs it
			t.Fatal(err)
		}
	})
}

// TestCommitAnotherOnlyForEnough: while a transaction is under way, a second one
// waits until it is worth it.
func TestCommitAnotherOnlyForEnough(t *testing.T) {
	t.Parallel()
	running, proceed := make(chan []int, 10), make(chan struct{})
	w := groupcommit.New(groupcommit.Config{MaxBatch: 4, Parallel: 2, Enough: 3, Timeout: time.Minute}, func(_ context.Context, items []int) error {
		running <- slices.Clone(items)
		<-proceed
		return nil
	})
	run(t, w)
	var told sync.WaitGroup
	hand := func(items ...int) {
		for _, i := range items {
			told.Add(1)
			w.Hand(t.Context(), i, func(error) { told.Done() })
		}
	}
	hand(0)
	got := [][]int{<-running}
	hand(1, 2)
	if len(running) > 0 {
		t.Error("two were enough")
	}
	hand(3)
	got = append(got, <-running)
	hand(4, 5, 6, 7, 8)
	close(proceed)
	told.Wait()
	for len(running) > 0 {
		got = append(got, <-running)
	}
	var all []int
	for _, batch := range got {
		all = append(all, batch...)
		if len(batch) > 4 {
			t.Errorf("a batch of %d", len(batch))
		}
	}
	slices.Sort(all)
	if !slices.Equal(got[0], []int{0}) || !slices.Equal(got[1], []int{1, 2, 3}) || len(all) != 9 {
		t.Errorf("batches %v", got)
	}
}

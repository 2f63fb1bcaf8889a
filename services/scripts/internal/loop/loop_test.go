package loop

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func never() bool { return false }

func soon() time.Time { return time.Now().Add(time.Minute) }

func TestRun(t *testing.T) {
	t.Parallel()
	t.Run("TimersByTimeThenByOrder", func(t *testing.T) {
		t.Parallel()
		l := New()
		var got []int
		for i, delay := range []time.Duration{30 * time.Millisecond, 0, 15 * time.Millisecond, 0} {
			if _, err := l.Set(Timer{Delay: delay, Fire: func() error { got = append(got, i); return nil }}); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Run(context.Background(), soon(), never); err != nil || !slices.Equal(got, []int{1, 3, 2, 0}) {
			t.Errorf("fired %v, %v", got, err)
		}
	})
	t.Run("WorkComesBack", func(t *testing.T) {
		t.Parallel()
		l := New()
		back := false
		if err := l.Go(func() func() error { return func() error { back = true; return nil } }); err != nil {
			t.Fatal(err)
		}
		if err := l.Run(context.Background(), soon(), never); err != nil || !back {
			t.Errorf("back is %v, %v", back, err)
		}
		l.Wait()
	})
	t.Run("LooseTimersAreNotWaitedFor", func(t *testing.T) {
		t.Parallel()
		l := New()
		id, _ := l.Set(Timer{Delay: time.Hour, Loose: true})
		if err := l.Run(context.Background(), soon(), never); err != nil {
			t.Error(err)
		}
		l.Clear(id)
		l.Clear(id)
	})
	t.Run("EndsAtItsDeadlineOrWithItsContext", func(t *testing.T) {
		t.Parallel()
		l := New()
		if _, err := l.Set(Timer{Delay: time.Hour}); err != nil {
			t.Fatal(err)
		}
		if err := l.Run(context.Background(), time.Now(), never); !errors.Is(err, ErrDeadline) {
			t.Errorf("error is %v", err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := l.Run(ctx, soon(), never); !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("EndsWhenTold", func(t *testing.T) {
		t.Parallel()
		l := New()
		n := 0
		if _, err := l.Set(Timer{Repeat: true, Fire: func() error { n++; return nil }}); err != nil {
			t.Fatal(err)
		}
		if err := l.Run(context.Background(), soon(), func() bool { return n == 3 }); err != nil || n != 3 {
			t.Errorf("fired %d times, %v", n, err)
		}
	})
	t.Run("EndsWithAnError", func(t *testing.T) {
		t.Parallel()
		l := New()
		want := errors.New("mine")
		if _, err := l.Set(Timer{Fire: func() error { return want }}); err != nil {
			t.Fatal(err)
		}
		if err := l.Run(context.Background(), soon(), never); !errors.Is(err, want) {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("IsBounded", func(t *testing.T) {
		t.Parallel()
		l := New()
		for range maxTimers {
			if _, err := l.Set(Timer{Delay: time.Hour}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Set(Timer{}); !errors.Is(err, ErrTooMany) {
			t.Errorf("error is %v", err)
		}
	})
}

package bus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
)

// queue is a work queue with messages "1" to "n".
func queue(t *testing.T, n int) *bus.Conn {
	t.Helper()
	conn := bustest.New(t)
	if err := conn.EnsureStream(t.Context(), bus.Stream{Name: "S", Subjects: []string{"s.>"}, WorkQueue: true}); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := conn.Publish(t.Context(), "s.a", fmt.Sprint(i+1), nil, fmt.Append(nil, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

func TestConsumeTogether(t *testing.T) {
	t.Parallel()

	t.Run("HandsOutInOrderAndNoMoreThanAllowed", func(t *testing.T) {
		t.Parallel()
		const n, most = 50, 8
		conn := queue(t, n)
		taken := make(chan *bus.Taken, n)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		done := make(chan error, 1)
		go func() {
			done <- conn.ConsumeTogether(ctx, bus.Consumer{Stream: "S", Name: "c", Concurrency: most}, func(_ context.Context, batch []*bus.Taken) {
				if inHand := len(taken) + len(batch); inHand > most {
					t.Errorf("%d in hand", inHand)
				}
				for _, m := range batch {
					taken <- m
				}
			})
		}()
		for i := range n {
			m := <-taken
			if string(m.Data) != fmt.Sprint(i+1) {
				t.Errorf("%s came when it was the turn of %d", m.Data, i+1)
			}
			if i == n-1 {
				cancel()
				select {
				case err := <-done:
					t.Errorf("returned with a message in hand: %v", err)
				default:
				}
			}
			m.Settle(nil)
			m.Settle(errors.New("said too late"))
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for acked := uint64(0); acked != n; <-tick.C { // the server hears of it in its own time
			var err error
			if acked, _, err = conn.Backlog(t.Context(), "S", "c"); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("APanicFailsWhatIsNotSettled", func(t *testing.T) {
		t.Parallel()
		conn := queue(t, 1)
		again := make(chan uint64, 1)
		bustest.Run(t, func(ctx context.Context) error {
			return conn.ConsumeTogether(ctx, bus.Consumer{Stream: "S", Name: "c"}, func(_ context.Context, batch []*bus.Taken) {
				if batch[0].Delivered == 1 {
					panic("first")
				}
				again <- batch[0].Delivered
				batch[0].Settle(nil)
			})
		})
		if n := <-again; n != 2 {
			t.Errorf("delivered %d times", n)
		}
	})
	t.Run("AGuardedPanicFailsItsMessageAlone", func(t *testing.T) {
		t.Parallel()
		conn := queue(t, 3)
		settled := make(chan string, 3)
		bustest.Run(t, func(ctx context.Context) error {
			var alone sync.WaitGroup
			defer alone.Wait()
			return conn.ConsumeTogether(ctx, bus.Consumer{Stream: "S", Name: "c"}, func(_ context.Context, batch []*bus.Taken) {
				for _, m := range batch {
					alone.Go(func() {
						bus.Guard([]*bus.Taken{m}, func() {
							switch {
							case string(m.Data) == "1" && m.Delivered == 1:
								panic("before it is settled")
							case string(m.Data) == "2":
								m.Settle(nil)
								settled <- fmt.Sprintf("2, delivered %d", m.Delivered)
								panic("said too late")
							}
							alone.Go(func() { // later, which Guard does not wait for
								m.Settle(nil)
								settled <- fmt.Sprintf("%s, delivered %d", m.Data, m.Delivered)
							})
						})
					})
				}
			})
		})
		got := []string{<-settled, <-settled, <-settled}
		if slices.Sort(got); !slices.Equal(got, []string{"1, delivered 2", "2, delivered 1", "3, delivered 1"}) {
			t.Errorf("settled: %q", got)
		}
	})
}

package bus_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
)

// TestSplit: a message is done with when all its parts are, and comes again when
// one of them is to.
func TestSplit(t *testing.T) {
	t.Parallel()
	refused := fault.Invalid("never")
	for name, c := range map[string]struct {
		settle func(whole *bus.Taken, parts []*bus.Taken)
		again  bool
	}{
		"AllDone": {func(_ *bus.Taken, parts []*bus.Taken) {
			for _, p := range parts {
				p.Settle(nil)
				p.Settle(errors.New("said too late"))
			}
		}, false},
		"OneRefused": {func(_ *bus.Taken, parts []*bus.Taken) {
			parts[2].Settle(nil)
			parts[0].Settle(refused)
			parts[1].Settle(nil)
		}, false},
		"OneFailed": {func(_ *bus.Taken, parts []*bus.Taken) {
			parts[0].Settle(refused)
			parts[1].Settle(errors.New("not today"))
			parts[2].Settle(nil)
		}, true},
		"OneReleased": {func(_ *bus.Taken, parts []*bus.Taken) {
			parts[0].Settle(nil)
			parts[1].Release()
			parts[2].Settle(nil)
		}, true},
		"SettledAsAWhole": {func(whole *bus.Taken, parts []*bus.Taken) {
			parts[0].Settle(nil)
			whole.Settle(errors.New("a panic"))
			parts[1].Settle(nil) // too late
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, handled := queue(t, 1), make(chan uint64, 2)
			bustest.Run(t, func(ctx context.Context) error {
				return conn.ConsumeTogether(ctx, bus.Consumer{Stream: "S", Name: "c", Weigh: func(bus.Message) int { return 3 }},
					func(_ context.Context, batch []*bus.Taken) {
						if batch[0].Delivered > 1 {
							batch[0].Settle(nil)
						} else {
							c.settle(batch[0], batch[0].Split(make([][]byte, 3)))
						}
						handled <- batch[0].Delivered
					})
			})
			want := []uint64{1}
			if c.again {
				want = []uint64{1, 2}
			}
			for _, n := range want {
				if got := <-handled; got != n {
					t.Errorf("delivered for the %d. time, not for the %d.", got, n)
				}
			}
			empty(t, conn)
		})
	}
}

// TestSplit_MakesRoom: each part that is settled lets another message in, and a
// message that holds more than there is room for has all of it.
func TestSplit_MakesRoom(t *testing.T) {
	t.Parallel()
	conn, taken := queue(t, 6), make(chan *bus.Taken, 6)
	weights := map[string]int{"1": 3, "2": 1, "3": 1, "4": 1, "5": 100, "6": -7}
	bustest.Run(t, func(ctx context.Context) error {
		return conn.ConsumeTogether(ctx, bus.Consumer{Stream: "S", Name: "c", Concurrency: 4, Weigh: func(m bus.Message) int { return weights[string(m.Data)] }},
			func(_ context.Context, batch []*bus.Taken) {
				for _, m := range batch {
					taken <- m
				}
			})
	})
	next := func(want string) *bus.Taken {
		t.Helper()
		m := <-taken
		if string(m.Data) != want {
			t.Fatalf("%s came, not %s", m.Data, want)
		}
		return m
	}
	first, second := next("1"), next("2")
	if len(taken) != 0 {
		t.Error("a fifth was let in")
	}
	parts := first.Split([][]byte{[]byte("a"), []byte("b"), []byte("c")})
	if p := parts[1]; string(p.Data) != "b" || p.Part != 1 || p.Sequence != first.Sequence {
		t.Errorf("got %v", p.Message)
	}
	parts[1].Settle(nil)
	third := next("3")
	parts[0].Settle(nil)
	fourth := next("4")
	for _, m := range []*bus.Taken{parts[2], second, third, fourth} {
		m.Settle(nil)
	}
	fifth := next("5")
	for _, p := range fifth.Split(make([][]byte, 100)) {
		p.Settle(nil)
	}
	next("6").Settle(nil)
	empty(t, conn)
}

// empty waits until nothing is left in the queue.
func empty(t *testing.T, conn *bus.Conn) {
	t.Helper()
	last, err := conn.LastSequence(t.Context(), "S")
	for first := uint64(0); first <= last; {
		if err != nil {
			t.Fatal(err)
		}
		first, err = conn.FirstOf(t.Context(), "S", ">")
	}
}

func TestOvertake_OfAMessageInParts(t *testing.T) {
	t.Parallel()
	conn := queue(t, 2)
	o, err := conn.Overtake(t.Context(), bus.Consumer{Stream: "S", Name: "c"})
	if err != nil {
		t.Fatal(err)
	}
	taken, err := o.Take(t.Context(), "s.>", 0, 9)
	if err != nil || !slices.Equal(texts(taken), []string{"1", "2"}) {
		t.Fatalf("took %q, %v", texts(taken), err)
	}
	for i, m := range taken {
		parts := m.Split(make([][]byte, 2))
		parts[0].Settle(nil)
		if i == 0 {
			parts[1].Release()
		} else {
			parts[1].Settle(nil)
		}
	}
	if err := o.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, err := conn.FirstOf(t.Context(), "S", ">")
	if last, failed := conn.LastSequence(t.Context(), "S"); first != 1 || last != 2 || err != nil || failed != nil {
		t.Errorf("left from %d to %d, %v, %v", first, last, err, failed)
	}
}

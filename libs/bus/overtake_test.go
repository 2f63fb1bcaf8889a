package bus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
)

// TestOvertake: what waits behind others is taken out of its turn, and only what
// is done with does not come again.
func TestOvertake(t *testing.T) {
	t.Parallel()
	conn := queue(t, 60) // s.a
	for i := range 5 {
		if err := conn.Publish(t.Context(), "s.b", fmt.Sprint("b", i), nil, fmt.Append(nil, "b", i)); err != nil {
			t.Fatal(err)
		}
	}
	cfg := bus.Consumer{Stream: "S", Name: "c", Concurrency: 4}
	if p, err := conn.Place(t.Context(), "S", "c"); p != (bus.Place{}) || err != nil {
		t.Errorf("a consumer that is not there is at %v, %v", p, err)
	}
	block, handled := make(chan struct{}), make(chan string, 100)
	bustest.Run(t, func(ctx context.Context) error {
		return conn.ConsumeTogether(ctx, cfg, func(_ context.Context, batch []*bus.Taken) {
			<-block
			for _, m := range batch {
				handled <- string(m.Data)
				m.Settle(nil)
			}
		})
	})
	place := begun(t, conn)

	o, err := conn.Overtake(t.Context(), bus.Consumer{Stream: "S", Name: "c", Concurrency: 4})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := o.Subjects(t.Context(), "s.>"); err != nil || n["s.a"] != 60 || n["s.b"] != 5 {
		t.Errorf("counted %v, %v", n, err)
	}
	first, err := o.Take(t.Context(), "s.b", place.Delivered, 3)
	if err != nil || !slices.Equal(texts(first), []string{"b0", "b1", "b2"}) {
		t.Fatalf("took %q, %v", texts(first), err)
	}
	second, err := o.Take(t.Context(), "s.b", first[2].Sequence, 3)
	if err != nil || !slices.Equal(texts(second), []string{"b3"}) { // no more than Concurrency
		t.Fatalf("took %q, %v", texts(second), err)
	}
	if first, err := conn.FirstOf(t.Context(), "S", "s.b"); first != 61 || err != nil {
		t.Errorf("the first is %d, %v", first, err)
	}
	go func() {
		first[0].Settle(nil)
		first[1].Settle(fault.Invalid("it will never be an event"))
		first[2].Settle(errors.New("not today"))
		second[0].Release()
		second[0].Settle(nil) // too late
	}()
	if err := o.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if first, err := conn.FirstOf(t.Context(), "S", "s.b"); first != 63 || err != nil {
		t.Errorf("the first is %d, %v", first, err)
	}
	if first, err := conn.FirstOf(t.Context(), "S", "s.c"); first != 66 || err != nil {
		t.Errorf("the first of nobody is %d, %v", first, err)
	}

	close(block)
	var got []string
	for range 63 {
		got = append(got, <-handled)
	}
	if rest := got[60:]; !slices.Equal(rest, []string{"b2", "b3", "b4"}) {
		t.Errorf("in their turn came %q", rest)
	}
}

// begun waits until the consumer has handed something out, and tells how far it
// is.
func begun(t *testing.T, conn *bus.Conn) bus.Place {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for ; ; <-tick.C {
		place, err := conn.Place(t.Context(), "S", "c")
		if err != nil {
			t.Fatal(err)
		}
		if place.Delivered > 0 {
			return place
		}
	}
}

func texts(messages []*bus.Taken) []string {
	var all []string
	for _, m := range messages {
		all = append(all, string(m.Data))
	}
	return all
}

package horizon_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/services/dispatch/internal/horizon"
)

// queue is a stream of which some is acknowledged.
type queue struct {
	items   []bool
	away    bool
	tenants []string // whose the items are
}

func (q *queue) Backlog(context.Context) (acked, last uint64, err error) {
	if q.away {
		return 0, 0, errors.New("away")
	}
	for _, done := range q.items {
		if !done {
			break
		}
		acked++
	}
	return acked, uint64(len(q.items)), nil
}

func (q *queue) First(_ context.Context, tenant string) (uint64, error) {
	if q.away {
		return 0, errors.New("away")
	}
	for i, done := range q.items {
		if !done && q.tenants[i] == tenant {
			return uint64(i + 1), nil
		}
	}
	return uint64(len(q.items) + 1), nil
}

// TestLookNeverRunsAhead: an event that is said to be complete has passed both
// streams, or was handled before its turn, and in the end all are; also of one
// tenant.
func TestLookNeverRunsAhead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events, runs := &queue{}, &queue{}
		var eventOf []int // of each run
		known := map[int]bool{}
		h := horizon.New(events, runs)
		handle := func(i int) {
			if !runs.items[i] {
				runs.items[i], known[eventOf[i]] = true, true
			}
		}
		resolve := func(i int) {
			if !events.items[i] {
				eventOf, runs.items = append(eventOf, i), append(runs.items, false)
				events.items[i] = true
			}
		}
		check := func() uint64 {
			complete, last := h.Look(context.Background())
			if last != uint64(len(events.items)) {
				t.Fatalf("last %d of %d", last, len(events.items))
			}
			for i := range int(complete) {
				if !known[i] {
					t.Fatalf("event %d is not known yet, complete %d", i+1, complete)
				}
			}
			for _, tenant := range []string{"a", "b", "nobody"} {
				for i := range int(h.Of(context.Background(), tenant)) {
					if !known[i] && events.tenants[i] == tenant {
						t.Fatalf("event %d of %s is not known yet", i+1, tenant)
					}
				}
			}
			return complete
		}
		for range rapid.IntRange(0, 100).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"publish", "resolve", "handle", "deliver", "look"}).Draw(t, "what") {
			case "publish":
				events.items = append(events.items, false)
				events.tenants = append(events.tenants, rapid.SampledFrom([]string{"a", "b"}).Draw(t, "tenant"))
			case "deliver": // in its turn or before it
				if n := len(events.items); n > 0 {
					i := rapid.IntRange(0, n-1).Draw(t, "event")
					events.items[i], known[i] = true, known[i] || !events.items[i]
				}
			case "resolve":
				if n := len(events.items); n > 0 {
					resolve(rapid.IntRange(0, n-1).Draw(t, "event"))
				}
			case "handle":
				if n := len(runs.items); n > 0 {
					handle(rapid.IntRange(0, n-1).Draw(t, "run"))
				}
			case "look":
				check()
			}
		}
		for i := range events.items {
			resolve(i)
		}
		for i := range runs.items {
			handle(i)
		}
		check()
		if got := check(); got != uint64(len(events.items)) {
			t.Fatalf("complete %d of %d", got, len(events.items))
		}
		for _, tenant := range []string{"a", "b", "nobody"} {
			if got := h.Of(context.Background(), tenant); got != uint64(len(events.items)) {
				t.Fatalf("of %s %d of %d are complete", tenant, got, len(events.items))
			}
		}
	})
}

func TestLook_KeepsWhatItKnewWhileTheStreamsAreAway(t *testing.T) {
	t.Parallel()
	events, runs := &queue{items: []bool{true, true}}, &queue{}
	h := horizon.New(events, runs)
	if complete, last := h.Look(t.Context()); complete != 2 || last != 2 {
		t.Fatalf("got %d, %d", complete, last)
	}
	for _, q := range []*queue{events, runs} {
		q.away = true
		if complete, last := h.Look(t.Context()); complete != 2 || last != math.MaxUint64 {
			t.Errorf("got %d, %d", complete, last)
		}
		if complete := h.Of(t.Context(), "a"); complete != 0 {
			t.Errorf("of a tenant %d are complete", complete)
		}
		q.away = false
	}
	events.items = []bool{false}
	if complete, _ := h.Look(t.Context()); complete != 0 {
		t.Errorf("of a stream that was lost, %d are complete", complete)
	}
}

package dispatch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/tenant"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
)

// flood has so many events of another tenant wait that nobody handles that whoever
// comes behind them waits, too, until it is released.
func (h *house) flood(t *testing.T, url string, n int) (of kind, release func()) {
	t.Helper()
	of = kind{"00000000-0000-4000-8000-00000000000f", "bulk.import"}
	h.executions.answer(of, target("1", url+"/flood", webhook, false))
	release = h.executions.hold(t, of)
	for i := range n {
		h.announce(t, of, &eventsv1.Event{Id: fmt.Sprint("flood-", i)})
	}
	return of, release
}

// TestOvertake: however many events of one tenant wait, those of others do not
// wait behind them, ordered ones included; and every event is handled once.
func TestOvertake(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, got := receiver(t, ok)
	const n = 100
	flood, release := h.flood(t, url, n)
	chain := []string{"plain", "k-1", "k-2", "k-3"}
	h.publish(t, "plain", target("1", url+"/others", webhook, false))
	for _, id := range chain[1:] {
		h.publishInOrder(t, "k", id, target("1", url+"/others", webhook, false))
	}
	h.publish(t, "noop")
	h.announce(t, kindOf("malformed"), &eventsv1.Event{Id: "malformed", Payload: []byte("[]")})
	fetched := h.executions.hold(t, kindOf("fetched"))
	h.publish(t, "fetched", target("1", url+"/others", webhook, false))
	cfg := quick()
	cfg.EventWorkers, cfg.Overtake = 4, 10
	h.start(t, cfg)
	h.start(t, cfg)
	for _, id := range chain {
		if s := story(h.settled(t, id)); !slices.Equal(s, []string{"SUCCEEDED 1:succeeded/200"}) {
			t.Errorf("%s: %q", id, s)
		}
	}
	h.executions.waited(t, kindOf("fetched"))
	fetched()
	h.settled(t, "fetched")
	eventually(t, "what overtook to leave the stream", func() bool { return h.subjects(t) == 1 })
	if len(got) != 5 || len(h.runsOf(t, tenant.ID(flood.tenant), "")) != 0 {
		t.Errorf("%d calls before the flood was let go", len(got))
	}
	release()
	h.handled(t, 0)
	eventually(t, "the flood to be delivered", func() bool { return len(got) == 5+n })
	var others []string
	flooded := map[string]int{}
	for range 5 + n {
		r := <-got
		if _, id, ok := strings.Cut(r.body, `"aggregateID":"`); ok && r.path == "/flood" {
			id, _, _ = strings.Cut(id, `"`)
			flooded[id]++
		} else if key, number := numbered(r.body); key == "k" {
			others = append(others, fmt.Sprint(number))
		}
	}
	if len(flooded) != n || !slices.Equal(others, []string{"1", "2", "3"}) {
		t.Errorf("%d of the flood came, and in order %q", len(flooded), others)
	}
}

// TestOvertake_WhileTheFloodGoesBy: nobody is sent twice what overtakes a queue that
// two replicas work off at full speed, and nothing is left out.
func TestOvertake_WhileTheFloodGoesBy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, got := receiver(t, ok)
	const floods, others = 2000, 60
	_, release := h.flood(t, url, floods)
	release()
	k := kindOf("trickle")
	h.executions.answer(k, target("1", url+"/others", webhook, false))
	cfg := quick()
	cfg.Overtake = 10
	h.start(t, cfg)
	h.start(t, cfg)
	for i := range others {
		h.announce(t, k, &eventsv1.Event{Id: fmt.Sprint("trickle-", i)})
	}
	came := map[string]int{}
	for range floods + others {
		came[(<-got).header.Get("webhook-id")]++
	}
	h.handled(t, 0)
	if len(came) != floods+others || len(got) != 0 {
		t.Errorf("%d of %d came, and %d again", len(came), floods+others, len(got))
	}
}

// subjects is of how many kinds events wait.
func (h *house) subjects(t *testing.T) int {
	t.Helper()
	s, err := h.js.Stream(t.Context(), "EVENTS")
	if err != nil {
		t.Fatal(err)
	}
	return int(s.CachedInfo().State.NumSubjects)
}

package dispatch_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
)

// TestOrder: two replicas, events whose chains come to hand in any order,
// receivers that fail: each target gets the events of a key in the order of the
// stream, none before the one before it is done with.
func TestOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cfg := quick()
	cfg.CircuitFailures = 1000
	cfg.Retry = delivery.Policy{MaxAttempts: 50, Schedule: []time.Duration{0, time.Millisecond}}
	stopA := h.start(t, cfg)
	h.start(t, cfg)
	var mu sync.Mutex
	got := map[string][]int{} // by target and key, with repetitions
	url, _ := receiver(t, func(_ int, r received) (int, string) {
		key, n := numbered(r.body)
		fails := rand.IntN(4) == 0
		mu.Lock()
		defer mu.Unlock()
		got[r.path+key] = append(got[r.path+key], n)
		if fails {
			return 503, ""
		}
		return 200, ""
	})
	all := make([]held, 60)
	kinds := make([]kind, len(all))
	for i := range all {
		key := fmt.Sprintf("k%d", i%5)
		id := fmt.Sprintf("%s-%d", key, i)
		kinds[i] = kindOf(id)
		all[i] = held{id, h.executions.hold(t, kinds[i])}
		h.publishInOrder(t, key, id, target("1", url+"/1/", webhook, true), target("2", url+"/2/", webhook, false))
	}
	h.executions.waited(t, kinds...)
	h.beginInAnyOrder(t, all, stopA)
	h.start(t, cfg)
	for _, e := range all {
		for _, line := range story(h.settled(t, e.id)) {
			if !strings.HasPrefix(line, "SUCCEEDED") {
				t.Errorf("event %s: %s", e.id, line)
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for lane, numbers := range got {
		if !slices.IsSorted(numbers) || len(slices.Compact(slices.Clone(numbers))) != 12 {
			t.Errorf("%s got %v", lane, numbers)
		}
	}
	if len(got) != 10 {
		t.Errorf("%d lanes", len(got))
	}
}

// held is an event that waits for its chain.
type held struct {
	id      string
	release func()
}

// beginInAnyOrder lets events go one after the other, each once the one before
// it has its run, and stops a replica that waits for chains in the middle of it.
func (h *house) beginInAnyOrder(t *testing.T, all []held, stop func()) {
	t.Helper()
	all = slices.Clone(all)
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	stopping := sync.WaitGroup{}
	defer stopping.Wait()
	for i, e := range all {
		if i == len(all)/2 {
			stopping.Go(stop)
		}
		e.release()
		eventually(t, e.id+" to have its run", func() bool { return h.run(t, e.id) != nil })
	}
}

// numbered reads the key and the number that are an event's id, in a body.
func numbered(body string) (key string, n int) {
	_, rest, _ := strings.Cut(body, `{"name":"`)
	id, _, _ := strings.Cut(rest, `"`)
	key, number, _ := strings.Cut(id, "-")
	n, _ = strconv.Atoi(number)
	return key, n
}

func TestOrder_APoisonedKeyIsSkippedAndOthersPass(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cfg := quick()
	cfg.Retry = delivery.Policy{MaxAttempts: 5, Schedule: []time.Duration{0, time.Hour}}
	h.start(t, cfg)
	url, _ := receiver(t, func(_ int, r received) (int, string) {
		if strings.HasPrefix(r.path, "/bad") {
			return 500, ""
		}
		return 200, ""
	})
	poisoned := h.publishInOrder(t, "a", "first", target("1", url+"/bad", webhook, false))
	second := h.publishInOrder(t, "a", "second", target("1", url, webhook, false))
	third := h.publishInOrder(t, "a", "third", target("1", url, webhook, false))
	h.settled(t, h.publishInOrder(t, "b", "another", target("1", url, webhook, false)))
	one := h.awaited(t, poisoned, actionplanev1.DeliveryState_DELIVERY_STATE_BACKING_OFF)
	behind := h.awaited(t, second, actionplanev1.DeliveryState_DELIVERY_STATE_QUEUED)
	if behind.GetOrderingKey() != "a" {
		t.Errorf("got %v", behind)
	}
	if _, err := h.runs.CancelDelivery(t.Context(), &actionplanev1.CancelDeliveryRequest{Id: one.GetId()}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{second, third} {
		if s := story(h.settled(t, id)); !slices.Equal(s, []string{"SUCCEEDED 1:succeeded/200"}) {
			t.Errorf("got %q", s)
		}
	}
	if s := story(h.settled(t, poisoned)); !slices.Equal(s, []string{"CANCELED 1:retryable/500"}) {
		t.Errorf("got %q", s)
	}
}

// awaited waits for a state of an event's only delivery.
func (h *house) awaited(t *testing.T, eventID string, state actionplanev1.DeliveryState) (d *actionplanev1.Delivery) {
	t.Helper()
	eventually(t, "event "+eventID+" to be "+state.String(), func() bool {
		r := h.run(t, eventID)
		if r == nil || r.GetDeliveries()[0].GetState() != state {
			return false
		}
		d = r.GetDeliveries()[0]
		return true
	})
	return d
}

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

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
)

// event is one in the stream that is not resolved yet.
type event struct {
	sequence uint64
	key, id  string
	msg      jetstream.Msg
}

// take publishes events with these keys and returns them in hand.
func (h *house) take(t *testing.T, keys []string) []event {
	t.Helper()
	if err := h.conn.EnsureStream(t.Context(), bus.Stream{Name: contract.EventsStream, Subjects: []string{contract.EventSubjects}, WorkQueue: true}); err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect("", nats.InProcessServer(h.server.Server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := js.CreateOrUpdateConsumer(t.Context(), contract.EventsStream, jetstream.ConsumerConfig{Durable: "executions", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if _, err := js.Publish(t.Context(), contract.EventSubject(string(tenant.Default), "a.b"), []byte(key)); err != nil {
			t.Fatal(err)
		}
	}
	batch, err := consumer.Fetch(len(keys), jetstream.FetchMaxWait(10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	var all []event
	for msg := range batch.Messages() {
		meta, err := msg.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, event{sequence: meta.Sequence.Stream, key: string(msg.Data()), id: fmt.Sprintf("%s-%d", msg.Data(), meta.Sequence.Stream), msg: msg})
	}
	if len(all) != len(keys) {
		t.Fatalf("%d of %d events", len(all), len(keys))
	}
	return all
}

// resolve hands an event's run over and acknowledges it.
func (h *house) resolve(t *testing.T, e event, steps ...*targetsv1.TargetSnapshot) (runID string) {
	t.Helper()
	runID = h.ids.Next()
	data, err := proto.Marshal(&dispatchv1.DeliverEventCommand{
		RunId: runID, Chain: &dispatchv1.Chain{Condition: "event/a.b", Steps: steps}, EventSequence: e.sequence,
		Event: &eventsv1.Event{Id: e.id, Type: "a.b", OrderingKey: e.key, Payload: []byte(`{"n":"` + e.id + `"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.conn.Publish(t.Context(), contract.DeliverEventSubject(string(tenant.Default)), runID, nil, data); err != nil {
		t.Fatal(err)
	}
	if err := e.msg.Ack(); err != nil {
		t.Fatal(err)
	}
	return runID
}

// TestOrder: two replicas, events resolved in any order, receivers that fail:
// each target gets the events of a key in the order of the stream, none before
// the one before it is done with.
func TestOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cfg := quick()
	cfg.CircuitFailures = 1000
	cfg.Retry = delivery.Policy{MaxAttempts: 50, Schedule: []time.Duration{0, time.Millisecond}}
	stopA := h.start(t, cfg)
	h.start(t, cfg)
	var mu sync.Mutex
	got := map[string][]uint64{} // by target and key, with repetitions
	url, _ := receiver(t, func(_ int, r received) (int, string) {
		key, sequence := numbered(r.body)
		fails := rand.IntN(4) == 0
		mu.Lock()
		defer mu.Unlock()
		got[r.path+key] = append(got[r.path+key], sequence)
		if fails {
			return 503, ""
		}
		return 200, ""
	})
	var keys []string
	for i := range 60 {
		keys = append(keys, fmt.Sprintf("k%d", i%5))
	}
	all := h.take(t, keys)
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var ids []string
	for i, e := range all {
		ids = append(ids, h.resolve(t, e, target("1", url+"/1/", webhook, true), target("2", url+"/2/", webhook, false)))
		if i == len(all)/2 {
			stopA()
		}
	}
	h.start(t, cfg)
	for _, id := range ids {
		for _, line := range story(h.settled(t, id)) {
			if !strings.HasPrefix(line, "SUCCEEDED") {
				t.Errorf("run %s: %s", id, line)
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for lane, sequences := range got {
		if !slices.IsSorted(sequences) || len(slices.Compact(slices.Clone(sequences))) != 12 {
			t.Errorf("%s got %v", lane, sequences)
		}
	}
	if len(got) != 10 {
		t.Errorf("%d lanes", len(got))
	}
}

// numbered reads key and sequence of an event's id in a body.
func numbered(body string) (key string, sequence uint64) {
	_, rest, _ := strings.Cut(body, `{"n":"`)
	id, _, _ := strings.Cut(rest, `"`)
	key, n, _ := strings.Cut(id, "-")
	sequence, _ = strconv.ParseUint(n, 10, 64)
	return key, sequence
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
	all := h.take(t, []string{"a", "a", "a", "b"})
	poisoned := h.resolve(t, all[0], target("1", url+"/bad", webhook, false))
	second := h.resolve(t, all[1], target("1", url, webhook, false))
	third := h.resolve(t, all[2], target("1", url, webhook, false))
	h.settled(t, h.resolve(t, all[3], target("1", url, webhook, false)))
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

// awaited waits for a state of a run's only delivery.
func (h *house) awaited(t *testing.T, runID string, state actionplanev1.DeliveryState) (d *actionplanev1.Delivery) {
	t.Helper()
	eventually(t, "run "+runID+" to be "+state.String(), func() bool {
		out, err := h.runs.GetRun(t.Context(), &actionplanev1.GetRunRequest{Id: runID})
		if err != nil || out.GetRun().GetDeliveries()[0].GetState() != state {
			return false
		}
		d = out.GetRun().GetDeliveries()[0]
		return true
	})
	return d
}

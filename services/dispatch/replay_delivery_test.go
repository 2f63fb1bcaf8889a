package dispatch_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
)

func TestReplayDelivery(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.start(t, quick())
	var healed atomic.Bool
	url, got := receiver(t, func(int, received) (int, string) {
		if healed.Load() {
			return 200, ""
		}
		return 500, ""
	})
	id := h.publish(t, "replayed", target("1", url, webhook, true), target("2", url, webhook, false))
	r := h.settled(t, id)
	if s := story(r); !slices.Equal(s, []string{"EXHAUSTED 1:retryable/500 2:retryable/500 3:retryable/500", "CANCELED"}) {
		t.Fatalf("got %q", s)
	}
	first := (<-got).header.Get("webhook-id")
	healed.Store(true)
	out, err := h.runs.ReplayDelivery(t.Context(), &actionplanev1.ReplayDeliveryRequest{Id: r.GetDeliveries()[0].GetId()})
	if err != nil || ended(out.GetDelivery().GetState()) && out.GetDelivery().GetState() != actionplanev1.DeliveryState_DELIVERY_STATE_SUCCEEDED {
		t.Fatalf("got %v, %v", out, err)
	}
	want := []string{"SUCCEEDED 1:retryable/500 2:retryable/500 3:retryable/500 4:succeeded/200", "SUCCEEDED 1:succeeded/200"}
	eventually(t, "both steps to be delivered", func() bool { return slices.Equal(story(h.settled(t, id)), want) })
	for range 3 {
		if again := (<-got).header.Get("webhook-id"); again != first {
			t.Errorf("the receiver cannot tell that %s is %s", again, first)
		}
	}
	foreign := tenant.With(t.Context(), tenant.Identity{Tenant: "00000000-0000-4000-8000-000000000002"})
	if _, err := h.runs.ReplayDelivery(foreign, &actionplanev1.ReplayDeliveryRequest{Id: r.GetDeliveries()[0].GetId()}); fault.CodeOf(err) != fault.CodeNotFound {
		t.Errorf("another tenant's: %v", err)
	}
	if _, err := h.runs.CancelDelivery(t.Context(), &actionplanev1.CancelDeliveryRequest{Id: r.GetDeliveries()[0].GetId()}); fault.CodeOf(err) != fault.CodeFailedPrecondition {
		t.Errorf("one that has ended: %v", err)
	}
}

func TestReplayDeliveries(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cfg := quick()
	cfg.CircuitFailures = 1000
	h.start(t, cfg)
	var healed atomic.Bool
	url, _ := receiver(t, func(_ int, r received) (int, string) {
		if healed.Load() {
			return 200, ""
		}
		return 500, ""
	})
	var ids []string
	for i := range 25 {
		ids = append(ids, h.publish(t, fmt.Sprint(i), target("a", url, webhook, false), target("b", url, webhook, false)))
	}
	for _, id := range ids {
		h.settled(t, id)
	}
	counts, err := h.runs.SummarizeDeliveries(t.Context(), &actionplanev1.SummarizeDeliveriesRequest{TargetId: "a"})
	if err != nil || len(counts.GetCounts()) != 1 || counts.GetCounts()[0].GetCount() != 25 || counts.GetCounts()[0].GetState() != actionplanev1.DeliveryState_DELIVERY_STATE_EXHAUSTED {
		t.Fatalf("got %v, %v", counts, err)
	}
	dead := []actionplanev1.DeliveryState{actionplanev1.DeliveryState_DELIVERY_STATE_FAILED, actionplanev1.DeliveryState_DELIVERY_STATE_EXHAUSTED}
	for filter, want := range map[*actionplanev1.ListDeliveriesRequest]int{
		{States: dead, TargetId: "a"}:                       25,
		{States: dead, EventType: kindOf(ids[7]).eventType}: 2,
		{States: dead, EventType: "another"}:                0,
		{States: dead, Error: "out_of_attempts"}:            50,
		{States: dead, Error: "no such error"}:              0,
		{States: dead, RunId: h.run(t, ids[3]).GetId()}:     2,
		{OrderingKey: "none"}:                               0,
	} {
		if out, err := h.runs.ListDeliveries(t.Context(), filter); err != nil || len(out.GetDeliveries()) != want {
			t.Errorf("%v: %d, %v, want %d", filter, len(out.GetDeliveries()), err, want)
		}
	}
	healed.Store(true)
	var calls, replayed int
	in := &actionplanev1.ReplayDeliveriesRequest{Filter: &actionplanev1.DeliveryFilter{TargetId: "a"}, Limit: 10}
	for {
		out, err := h.runs.ReplayDeliveries(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		calls, replayed = calls+1, replayed+int(out.GetCount())
		if in.After = out.GetNext(); in.After == "" {
			break
		}
	}
	if calls != 3 || replayed != 25 {
		t.Errorf("%d replayed by %d calls", replayed, calls)
	}
	for _, id := range ids {
		eventually(t, "the first step of "+id, func() bool {
			s := story(h.settled(t, id))
			return strings.HasPrefix(s[0], "SUCCEEDED") && strings.HasPrefix(s[1], "EXHAUSTED")
		})
	}
}

func TestCancelDeliveries(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cfg := quick()
	cfg.Retry = delivery.Policy{MaxAttempts: 5, Schedule: []time.Duration{0, time.Hour}}
	h.start(t, cfg)
	url, _ := receiver(t, func(int, received) (int, string) { return 503, "" })
	id := h.publish(t, "canceled", target("1", url, webhook, true), target("2", url, webhook, false))
	eventually(t, "the first step to back off", func() bool {
		r := h.run(t, id)
		return r != nil && r.GetDeliveries()[0].GetState() == actionplanev1.DeliveryState_DELIVERY_STATE_BACKING_OFF
	})
	out, err := h.runs.CancelDeliveries(t.Context(), &actionplanev1.CancelDeliveriesRequest{Filter: &actionplanev1.DeliveryFilter{TargetId: "1"}})
	if err != nil || out.GetCount() != 1 || out.GetNext() != "" {
		t.Fatalf("got %v, %v", out, err)
	}
	r := h.settled(t, id)
	if s := story(r); !slices.Equal(s, []string{"CANCELED 1:retryable/503", "CANCELED"}) || r.GetDeliveries()[1].GetError() != "step_blocked" {
		t.Errorf("got %q, %v", s, r)
	}
}

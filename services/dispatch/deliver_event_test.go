package dispatch_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
)

func TestDeliverEvent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.scripts.invoke = func(in *scriptsv1.InvokeRequest) *scriptsv1.InvokeResponse {
		if in.GetActionId() == "deny" {
			return &scriptsv1.InvokeResponse{Veto: &scriptsv1.Veto{Reason: "no"}}
		}
		return &scriptsv1.InvokeResponse{}
	}
	h.start(t, quick())

	t.Run("SignsAndDeliversToEveryKindOfTarget", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, ok)
		h.publish(t, "kinds", target("1", url, webhook, false), target("2", url, call, true), target("3", url, async, false), target("4", "action://1", call, false))
		want := []string{"SUCCEEDED 1:succeeded/200", "SUCCEEDED 1:succeeded/200", "SUCCEEDED 1:succeeded/200", "SUCCEEDED 1:succeeded"}
		made := h.settled(t, "kinds")
		if s := story(made); !slices.Equal(s, want) || made.GetCondition() != "event/user.human.kinds" || made.GetTriggerName() != "user.human.kinds" {
			t.Errorf("got %q of %v", s, made)
		}
		for range 3 {
			r := <-got
			verify(t, r)
			if !strings.HasPrefix(r.header.Get("webhook-id"), made.GetId()+"-") || !strings.Contains(r.body, `"event_type":"user.human.kinds"`) ||
				!strings.Contains(r.body, `"event_payload":{"name":"kinds"}`) || !strings.Contains(r.body, `"aggregateType":"user"`) {
				t.Errorf("got %+v", r)
			}
		}
	})
	t.Run("TriesAgainWithTheSameIdAndBody", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, func(n int, _ received) (int, string) { return []int{503, 302, 200}[n-1], "" })
		id := h.publish(t, "retry", target("1", url, webhook, false))
		if s := story(h.settled(t, id)); !slices.Equal(s, []string{"SUCCEEDED 1:retryable/503 2:retryable/302 3:succeeded/200"}) {
			t.Errorf("got %q", s)
		}
		first := <-got
		for range 2 {
			if r := <-got; r.body != first.body || r.header.Get("webhook-id") != first.header.Get("webhook-id") {
				t.Errorf("got %+v after %+v", r, first)
			}
		}
	})
	t.Run("EndsWithoutSuccess", func(t *testing.T) {
		t.Parallel()
		url, _ := receiver(t, func(_ int, r received) (int, string) {
			if r.path == "/gone" {
				return 410, ""
			}
			return 500, ""
		})
		id := h.publish(t, "ends", target("1", url+"/gone", webhook, false), target("2", url, webhook, false),
			target("3", "http://169.254.169.254/", webhook, false), target("4", "action://deny", webhook, false))
		r := h.settled(t, id)
		want := []string{"FAILED 1:failed/410", "EXHAUSTED 1:retryable/500 2:retryable/500 3:retryable/500", "FAILED 1:failed", "FAILED 1:failed"}
		if s := story(r); !slices.Equal(s, want) {
			t.Errorf("got %q", s)
		}
		for i, want := range []string{"target_gone: ", "out_of_attempts: ", "denied: ", "refused: "} {
			if got := r.GetDeliveries()[i].GetError(); !strings.HasPrefix(got, want) {
				t.Errorf("error %q, want %q", got, want)
			}
		}
	})
	t.Run("HoldsBackOnlyBehindStepsThatInterrupt", func(t *testing.T) {
		t.Parallel()
		release := make(chan struct{})
		url, got := receiver(t, func(_ int, r received) (int, string) {
			select {
			case <-release:
			default:
				if r.path == "/2" {
					return 500, ""
				}
			}
			return 200, ""
		})
		fourth := make(chan struct{})
		var order []string
		var mu sync.Mutex
		seen := sync.WaitGroup{}
		seen.Go(func() {
			for r := range got {
				mu.Lock()
				order = append(order, r.path)
				mu.Unlock()
				if r.path == "/3" {
					close(fourth)
					return
				}
			}
		})
		id := h.publish(t, "held", target("1", url+"/1", webhook, false), target("2", url+"/2", webhook, true), target("3", url+"/3", webhook, false))
		eventually(t, "the second step to have failed", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return slices.Contains(order, "/2")
		})
		close(release)
		r := h.settled(t, id)
		<-fourth
		seen.Wait()
		if s := story(r); !strings.HasPrefix(s[1], "SUCCEEDED 1:retryable/500") || s[2] != "SUCCEEDED 1:succeeded/200" {
			t.Errorf("got %q", s)
		}
	})
	t.Run("CancelsBehindAStepThatEndedBadly", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, func(int, received) (int, string) { return 410, "" })
		r := h.settled(t, h.publish(t, "blocked", target("1", url, webhook, true), target("2", url, webhook, true), target("3", url, webhook, false)))
		if s := story(r); !slices.Equal(s, []string{"FAILED 1:failed/410", "CANCELED", "CANCELED"}) || r.GetDeliveries()[2].GetError() != "step_blocked" {
			t.Errorf("got %q", s)
		}
		if len(got) != 1 {
			t.Errorf("%d calls", len(got))
		}
	})
	t.Run("DoesNotSendAnEventAgainThatIsPublishedAgain", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, ok)
		h.publish(t, "twice", target("1", url, webhook, false))
		first := h.settled(t, "twice").GetId()
		h.publish(t, "twice", target("1", url, webhook, false))
		h.handled(t, 0)
		if runs := h.runsOf(t, tenant.Default, "twice"); len(runs) != 1 || runs[0].GetId() != first || len(got) != 1 {
			t.Errorf("%d calls, run %s and then %v", len(got), first, runs)
		}
	})
	t.Run("CancelsWhatWaitsForADeletedTarget", func(t *testing.T) {
		t.Parallel()
		h.targets.deleted.Store("gone", true)
		id := h.publish(t, "deleted", target("gone", "http://127.0.0.1:1", webhook, false))
		r := h.settled(t, id)
		if s := story(r); !slices.Equal(s, []string{"CANCELED"}) || r.GetDeliveries()[0].GetError() != "target_deleted" {
			t.Errorf("got %q", s)
		}
	})
	t.Run("DoesNotHoldTheStreamForSlowTargets", func(t *testing.T) {
		t.Parallel()
		hang := make(chan struct{})
		slow, arrived := receiver(t, func(int, received) (int, string) { <-hang; return 200, "" })
		_ = arrived
		opened := sync.OnceFunc(func() { close(hang) })
		t.Cleanup(opened)
		quickURL, got := receiver(t, ok)
		var ids []string
		for i := range 200 {
			ids = append(ids, h.publish(t, fmt.Sprintf("slow-%d", i), target("slow", slow, webhook, false)))
		}
		h.settled(t, h.publish(t, "quick", target("quick", quickURL, webhook, false)))
		<-got
		eventually(t, "as many of the slow ones to be shown as being sent as their target may have", func() bool {
			out, err := h.runs.ListDeliveries(t.Context(), &actionplanev1.ListDeliveriesRequest{TargetId: "slow", State: actionplanev1.DeliveryState_DELIVERY_STATE_SENDING, Limit: 1000})
			return err == nil && len(out.GetDeliveries()) == quick().TargetConcurrency
		})
		opened()
		for _, id := range ids {
			if s := story(h.settled(t, id)); !slices.Equal(s, []string{"SUCCEEDED 1:succeeded/200"}) {
				t.Fatalf("got %q", s)
			}
		}
	})
}

func TestDeliverEvent_WritesDownWhatItHasNoSlotFor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cfg := quick()
	cfg.First = 1
	h.start(t, cfg)
	hang := make(chan struct{})
	slow, arrived := receiver(t, func(int, received) (int, string) { <-hang; return 200, "" })
	opened := sync.OnceFunc(func() { close(hang) })
	t.Cleanup(opened)
	url, _ := receiver(t, ok)
	first := h.publish(t, "slow", target("slow", slow, webhook, false))
	for i := range 8 {
		if s := story(h.settled(t, h.publish(t, fmt.Sprint(i), target("1", url, webhook, false)))); !slices.Equal(s, []string{"SUCCEEDED 1:succeeded/200"}) {
			t.Fatalf("got %q", s)
		}
	}
	opened()
	<-arrived
	h.settled(t, first)
}

func TestDeliverEvent_TakesOverFromALostReplica(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, _ := receiver(t, ok)
	hang := make(chan struct{})
	slow, arrived := receiver(t, func(int, received) (int, string) { <-hang; return 200, "" })
	t.Cleanup(func() { close(hang) })
	stop := h.start(t, quick())
	id := h.publish(t, "lost", target("1", slow, webhook, false))
	eventually(t, "the delivery to be leased", func() bool {
		r := h.run(t, id)
		return r != nil && r.GetDeliveries()[0].GetState() == actionplanev1.DeliveryState_DELIVERY_STATE_SENDING
	})
	stop()
	pool := h.open(t)
	t.Cleanup(pool.Close)
	// What a kill leaves behind: an attempt nobody will report, its lease over.
	if _, err := pool.Exec(t.Context(), `DELETE FROM attempts`); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `UPDATE deliveries SET state = 'sending', attempt = 1, wake_at = now(), endpoint = $1`, url); err != nil {
		t.Fatal(err)
	}
	h.start(t, quick())
	if s := story(h.settled(t, id)); !slices.Equal(s, []string{"SUCCEEDED 1:retryable 2:succeeded/200"}) {
		t.Errorf("got %q", s)
	}
	for len(arrived) > 0 {
		<-arrived
	}
}

func TestDeliverEvent_WaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, got := receiver(t, ok)
	admin := h.open(t)
	t.Cleanup(admin.Close)
	rename := func(from, to string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), `ALTER TABLE `+from+` RENAME TO `+to); err != nil {
			t.Fatal(err)
		}
	}
	h.start(t, quick())
	h.settled(t, h.publish(t, "before", target("1", url, webhook, false)))
	<-got

	rename("runs", "runs_away")
	id := h.publish(t, "unknown", target("1", url, webhook, false))
	eventually(t, "the message to come again", func() bool { return h.redelivered(t) > 0 })
	if len(got) != 0 {
		t.Error("it was sent although it may have been before")
	}
	rename("runs_away", "runs")
	h.settled(t, id)
	<-got

	rename("deliveries", "deliveries_away")
	id = h.publish(t, "meanwhile", target("1", url, webhook, false))
	first := <-got // but it cannot be written down
	eventually(t, "the message to come again", func() bool { return h.redelivered(t) > 0 })
	rename("deliveries_away", "deliveries")
	r := h.settled(t, id)
	if s := story(r); !slices.Equal(s, []string{"SUCCEEDED 1:succeeded/200"}) {
		t.Errorf("got %q", s)
	}
	for _, each := range []received{first, <-got} {
		if each.header.Get("webhook-id") != r.GetId()+"-1" || each.body != first.body {
			t.Errorf("the receiver cannot tell it is the same: %+v", each)
		}
	}
}

// redelivered is how many events came again and are not settled.
func (h *house) redelivered(t *testing.T) int { return h.progress(t).NumRedelivered }

func TestDeliverEvent_TriesAListenerThatIsNotThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.start(t, quick())
	r := h.settled(t, h.publish(t, "nobody", target("1", "nats://nobody.listens", webhook, false)))
	if s := story(r); !slices.Equal(s, []string{"EXHAUSTED 1:retryable 2:retryable 3:retryable"}) {
		t.Errorf("got %q", s)
	}
}

// TestRestart stops the replicas in the middle of 500 events, several times,
// and looks for what was lost.
func TestRestart(t *testing.T) {
	t.Parallel()
	const events = 500
	h := newHouse(t)
	cfg := quick()
	cfg.Retry = delivery.Policy{MaxAttempts: 20, Schedule: []time.Duration{0, time.Millisecond}}
	var calls, refused atomic.Int64
	reached := map[int64]chan struct{}{100: make(chan struct{}), 250: make(chan struct{}), 400: make(chan struct{})}
	url, got := receiver(t, func(int, received) (int, string) {
		n := calls.Add(1)
		if c := reached[n]; c != nil {
			close(c)
		}
		if n%10 == 0 {
			refused.Add(1)
			return 503, ""
		}
		return 200, ""
	})
	publishing := sync.WaitGroup{}
	ids := make([]string, events)
	publishing.Go(func() {
		for i := range ids {
			ids[i] = h.publish(t, fmt.Sprintf("event-%d", i), target("1", url, webhook, true), target("2", url, webhook, false))
		}
	})
	for _, n := range []int64{100, 250, 400} {
		stopA, stopB := h.start(t, cfg), h.start(t, cfg)
		<-reached[n]
		stopA()
		stopB()
	}
	publishing.Wait()
	h.start(t, cfg)
	h.start(t, cfg)
	for _, id := range ids {
		for i, line := range story(h.settled(t, id)) {
			if !strings.HasPrefix(line, "SUCCEEDED") {
				t.Errorf("run %s step %d: %s", id, i+1, line)
			}
		}
	}
	times := map[string]int{}
	for len(got) > 0 {
		times[(<-got).header.Get("webhook-id")]++
	}
	if len(times) != 2*events {
		t.Errorf("%d of %d deliveries arrived", len(times), 2*events)
	}
	t.Logf("%d deliveries, %d calls, %d of them refused, %d duplicates", len(times), calls.Load(), refused.Load(), calls.Load()-refused.Load()-2*events)
}

func TestRunService(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.start(t, quick())
	url, _ := receiver(t, func(_ int, r received) (int, string) {
		if r.path == "/410" {
			return 410, ""
		}
		return 200, ""
	})
	var runs []string
	for i := range 5 {
		id := h.publish(t, fmt.Sprintf("e%d", i), target("a", url, webhook, false), target("b", url+"/410", webhook, false))
		runs = append(runs, h.settled(t, id).GetId())
	}

	t.Run("PagesThroughRunsNewestFirst", func(t *testing.T) {
		t.Parallel()
		var seen []string
		before := ""
		for {
			out, err := h.runs.ListRuns(t.Context(), &actionplanev1.ListRunsRequest{Limit: 2, Before: before})
			if err != nil {
				t.Fatal(err)
			}
			if len(out.GetRuns()) == 0 {
				break
			}
			for _, r := range out.GetRuns() {
				seen = append(seen, r.GetId())
				before = r.GetId()
			}
		}
		want := slices.Clone(runs)
		slices.Reverse(want)
		if !slices.Equal(seen, want) {
			t.Errorf("got %v, want %v", seen, want)
		}
	})
	t.Run("FiltersDeliveries", func(t *testing.T) {
		t.Parallel()
		out, err := h.runs.ListDeliveries(t.Context(), &actionplanev1.ListDeliveriesRequest{State: actionplanev1.DeliveryState_DELIVERY_STATE_FAILED, TargetId: "b"})
		if err != nil || len(out.GetDeliveries()) != 5 || out.GetDeliveries()[0].GetRunId() != runs[4] || len(out.GetDeliveries()[0].GetAttempts()) != 1 {
			t.Fatalf("got %v, %v", out, err)
		}
		middle := out.GetDeliveries()[2]
		for filter, want := range map[*actionplanev1.ListDeliveriesRequest]int{
			{From: middle.GetCreatedAt(), TargetId: "b"}:                         3,
			{To: middle.GetCreatedAt(), TargetId: "b"}:                           2,
			{Before: middle.GetId(), TargetId: "b"}:                              2,
			{State: actionplanev1.DeliveryState_DELIVERY_STATE_BACKING_OFF}:      0,
			{State: actionplanev1.DeliveryState_DELIVERY_STATE_FAILED, Limit: 3}: 3,
		} {
			if out, err := h.runs.ListDeliveries(t.Context(), filter); err != nil || len(out.GetDeliveries()) != want {
				t.Errorf("%v: %d, %v, want %d", filter, len(out.GetDeliveries()), err, want)
			}
		}
		one, err := h.runs.GetDelivery(t.Context(), &actionplanev1.GetDeliveryRequest{Id: middle.GetId()})
		if err != nil || one.GetDelivery().GetEndpoint() != url+"/410" {
			t.Errorf("got %v, %v", one, err)
		}
	})
	t.Run("ShowsATenantNothingOfAnother", func(t *testing.T) {
		t.Parallel()
		ctx := tenant.With(t.Context(), tenant.Identity{Tenant: "00000000-0000-4000-8000-000000000002"})
		if _, err := h.runs.GetRun(ctx, &actionplanev1.GetRunRequest{Id: runs[0]}); fault.CodeOf(err) != fault.CodeNotFound {
			t.Errorf("run: %v", err)
		}
		if out, err := h.runs.ListDeliveries(ctx, &actionplanev1.ListDeliveriesRequest{}); err != nil || len(out.GetDeliveries()) != 0 {
			t.Errorf("deliveries: %v, %v", out, err)
		}
	})
	t.Run("KnowsNoIdsThatAreNone", func(t *testing.T) {
		t.Parallel()
		if _, err := h.runs.GetRun(t.Context(), &actionplanev1.GetRunRequest{Id: "x"}); fault.CodeOf(err) != fault.CodeNotFound {
			t.Errorf("run: %v", err)
		}
		if _, err := h.runs.GetDelivery(t.Context(), &actionplanev1.GetDeliveryRequest{Id: "12"}); fault.CodeOf(err) != fault.CodeNotFound {
			t.Errorf("delivery: %v", err)
		}
		if _, err := h.runs.ListRuns(t.Context(), &actionplanev1.ListRunsRequest{Before: "x"}); fault.CodeOf(err) != fault.CodeInvalid {
			t.Errorf("page: %v", err)
		}
	})
}

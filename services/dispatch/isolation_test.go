package dispatch_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
)

// TestIsolation: more targets hang, with more events each, than there are slots
// of any kind; those that work get theirs all the same, first attempts and
// retries, while every sick one still hangs.
func TestIsolation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cfg := quick()
	cfg.First, cfg.Retries, cfg.EventWorkers, cfg.TargetConcurrency = 16, 8, 32, 8
	cfg.Hold = 500 * time.Millisecond // so that nobody is taken for slow who is only short of processor
	h.start(t, cfg)
	hang := make(chan struct{})
	release := sync.OnceFunc(func() { close(hang) })
	t.Cleanup(release)
	sick, _ := receiver(t, func(int, received) (int, string) { <-hang; return 200, "" })
	var flaky atomic.Int64
	healthy, _ := receiver(t, func(int, received) (int, string) {
		if flaky.Add(1)%2 == 1 { // so that half go through the retry loop
			return 503, ""
		}
		return 200, ""
	})
	var held []string
	for i := range 200 {
		name := fmt.Sprintf("sick-%d", i%6)
		held = append(held, h.publish(t, fmt.Sprintf("%s-%d", name, i), target(name, sick, webhook, false)))
	}
	for i := range 40 {
		name := fmt.Sprintf("healthy-%d", i%4)
		if s := story(h.settled(t, h.publish(t, fmt.Sprintf("%s-%d", name, i), target(name, healthy, webhook, false)))); s[0][:9] != "SUCCEEDED" {
			t.Fatalf("got %q", s)
		}
	}
	release()
	for _, id := range held {
		if s := story(h.settled(t, id)); s[0][:9] != "SUCCEEDED" {
			t.Fatalf("got %q", s)
		}
	}
}

// TestCircuit: what one replica finds out about a target holds for the other,
// for deliveries and for hooks; what waits is not counted as tried, and all of
// it arrives once the target is back.
func TestCircuit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cfg := quick()
	cfg.CircuitFailures, cfg.CircuitPause, cfg.CircuitMaxPause = 3, 300*time.Millisecond, 300*time.Millisecond
	cfg.Retry = delivery.Policy{MaxAttempts: 100, Schedule: []time.Duration{0, time.Millisecond}}
	h.start(t, cfg)
	h.start(t, cfg)
	var back atomic.Bool
	url, got := receiver(t, func(int, received) (int, string) {
		if back.Load() {
			return 200, ""
		}
		return 500, ""
	})
	var ids []string
	for i := range 30 {
		ids = append(ids, h.publish(t, fmt.Sprint(i), target("sick", url, webhook, false)))
	}
	circuit := func() *actionplanev1.Circuit {
		out, err := h.runs.GetCircuit(t.Context(), &actionplanev1.GetCircuitRequest{TargetId: "sick"})
		if err != nil {
			t.Fatal(err)
		}
		return out.GetCircuit()
	}
	eventually(t, "the circuit to have tripped twice", func() bool { return circuit().GetTrips() >= 2 })
	if c := circuit(); c.GetCause() == "" || c.GetState() == actionplanev1.CircuitState_CIRCUIT_STATE_CLOSED {
		t.Errorf("got %v", c)
	}
	hook := &dispatchv1.RunHookCommand{RunId: h.ids.Next(),
		Chain:   &dispatchv1.Chain{Condition: "request/a.B/C", Steps: []*targetsv1.TargetSnapshot{target("sick", url, webhook, true)}},
		Trigger: &dispatchv1.RunHookCommand_Request{Request: &hooksv1.RunRequestHookRequest{Method: "/a.B/C", Payload: []byte(`{}`)}}}
	eventually(t, "a hook to be refused at once", func() bool {
		_, err := h.hooks.RunHook(t.Context(), hook)
		return fault.CodeOf(err) == fault.CodeUnavailable
	})
	back.Store(true)
	for _, id := range ids {
		if s := story(h.settled(t, id)); s[0][:9] != "SUCCEEDED" {
			t.Fatalf("got %q", s)
		}
	}
	eventually(t, "the circuit to be closed", func() bool { return circuit().GetState() == actionplanev1.CircuitState_CIRCUIT_STATE_CLOSED })
	t.Logf("%d calls for 30 deliveries", len(got))
}

// TestTargetsOwnTerms: what a target's owner set wins over the configuration.
func TestTargetsOwnTerms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.targets.profiles.Store("own", &targetsv1.GetSendingProfileResponse{SigningKeys: []string{signingKey},
		Retry: &targetsv1.RetryPolicy{Schedule: []*durationpb.Duration{durationpb.New(time.Millisecond)}, FinalStatuses: []uint32{400}, RetryableStatuses: []uint32{410}}})
	h.targets.profiles.Store("one", &targetsv1.GetSendingProfileResponse{SigningKeys: []string{signingKey}, Limits: &targetsv1.Limits{MaxConcurrency: 1}})
	h.targets.profiles.Store("off", &targetsv1.GetSendingProfileResponse{SigningKeys: []string{signingKey}, DisabledReason: "asked to"})
	h.start(t, quick())

	t.Run("Schedule", func(t *testing.T) {
		t.Parallel()
		url, _ := receiver(t, func(_ int, r received) (int, string) {
			return map[string]int{"/500": 500, "/400": 400, "/410": 410}[r.path], ""
		})
		for path, want := range map[string]string{
			"/500": "EXHAUSTED 1:retryable/500 2:retryable/500", "/400": "FAILED 1:failed/400", "/410": "EXHAUSTED 1:retryable/410 2:retryable/410",
		} {
			if s := story(h.settled(t, h.publish(t, "own"+path, target("own", url+path, webhook, false)))); !slices.Equal(s, []string{want}) {
				t.Errorf("%s: got %q", path, s)
			}
		}
	})
	t.Run("Concurrency", func(t *testing.T) {
		t.Parallel()
		var now, most atomic.Int64
		url, _ := receiver(t, func(int, received) (int, string) {
			n := now.Add(1)
			defer now.Add(-1)
			for {
				if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
					return 200, ""
				}
			}
		})
		var ids []string
		for i := range 50 {
			ids = append(ids, h.publish(t, fmt.Sprint("one", i), target("one", url, webhook, false)))
		}
		for _, id := range ids {
			h.settled(t, id)
		}
		if most.Load() != 1 {
			t.Errorf("%d at once", most.Load())
		}
	})
	t.Run("GoneDisablesTheTarget", func(t *testing.T) {
		t.Parallel()
		url, _ := receiver(t, func(int, received) (int, string) { return 410, "" })
		h.settled(t, h.publish(t, "gone", target("410", url, webhook, false)))
		if why, ok := h.targets.disabled.Load("410"); !ok || why == "" {
			t.Error("the target was not disabled")
		}
	})
	t.Run("DisabledOnesMakeDeadLettersThatCanBeReplayed", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, ok)
		r := h.settled(t, h.publish(t, "off", target("off", url, webhook, false)))
		if s := story(r); !slices.Equal(s, []string{"FAILED"}) || r.GetDeliveries()[0].GetError() != "target_disabled" || len(got) != 0 {
			t.Errorf("got %q, %v", s, r)
		}
	})
}

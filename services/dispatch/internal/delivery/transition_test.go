package delivery_test

import (
	"slices"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"pgregory.net/rapid"
)

var (
	epoch = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	later = epoch.Add(time.Hour)
)

// events are one of each kind, all of which happen at later.
var events = map[delivery.EventKind]delivery.Event{
	"release":  delivery.Release(later),
	"start":    delivery.Start(later),
	"succeed":  delivery.Succeed(later),
	"back_off": delivery.BackOff(later, later.Add(time.Minute)),
	"fail":     delivery.Fail(later, delivery.TargetGone),
	"exhaust":  delivery.Exhaust(later),
	"abandon":  delivery.Abandon(later),
	"cancel":   delivery.Cancel(later, delivery.Operator),
	"replay":   delivery.Replay(later),
	"hold":     delivery.Hold(later),
	"enqueue":  delivery.Enqueue(later),
}

// matrix is the documented table in full: a row per state, a column per event,
// and "" where the event cannot happen.
var matrix = []struct {
	from                                                                                    delivery.State
	release, start, succeed, backOff, fail, exhaust, abandon, cancel, replay, hold, enqueue delivery.State
}{
	{from: "held", release: "scheduled", cancel: "canceled", enqueue: "queued"},
	{from: "queued", release: "scheduled", cancel: "canceled"},
	{from: "scheduled", start: "sending", cancel: "canceled"},
	{from: "sending", succeed: "succeeded", backOff: "backing_off", fail: "failed", exhaust: "exhausted", abandon: "scheduled", cancel: "canceled"},
	{from: "backing_off", start: "sending", replay: "scheduled", cancel: "canceled"},
	{from: "succeeded", replay: "scheduled", enqueue: "queued"},
	{from: "failed", replay: "scheduled", enqueue: "queued"},
	{from: "exhausted", replay: "scheduled", enqueue: "queued"},
	{from: "canceled", replay: "scheduled", hold: "held", enqueue: "queued"},
}

func TestApply(t *testing.T) {
	t.Parallel()
	if len(matrix) != len(delivery.States()) {
		t.Fatalf("%d states are tested, there are %d", len(matrix), len(delivery.States()))
	}
	for _, row := range matrix {
		want := map[delivery.EventKind]delivery.State{
			"release": row.release, "start": row.start, "succeed": row.succeed, "back_off": row.backOff, "fail": row.fail,
			"exhaust": row.exhaust, "abandon": row.abandon, "cancel": row.cancel, "replay": row.replay, "hold": row.hold, "enqueue": row.enqueue,
		}
		for kind, event := range events {
			t.Run(string(row.from)+"/"+string(kind), func(t *testing.T) {
				t.Parallel()
				before := delivery.Delivery{State: row.from, Attempt: 3, Earlier: 1, Changed: epoch}
				after, err := before.Apply(event)
				if event.Kind != kind {
					t.Fatalf("event is %q", event.Kind)
				}
				if want[kind] == "" {
					if fault.CodeOf(err) != fault.CodeFailedPrecondition || after != before {
						t.Errorf("got %+v, %v, want it refused and unchanged", after, err)
					}
					return
				}
				if err != nil || after.State != want[kind] || !after.Changed.Equal(later) {
					t.Errorf("got %+v, %v, want %s since %s", after, err, want[kind], later)
				}
			})
		}
	}
}

func TestApplyKeepsTheBooks(t *testing.T) {
	t.Parallel()
	due := later.Add(time.Minute)
	tests := []struct {
		name   string
		before delivery.Delivery
		event  delivery.Event
		want   delivery.Delivery
	}{
		{"StartCountsTheAttempt",
			delivery.Delivery{State: delivery.Scheduled, Due: epoch}, delivery.Start(later),
			delivery.Delivery{State: delivery.Sending, Attempt: 1, Changed: later}},
		{"BackOffIsDueLater",
			delivery.Delivery{State: delivery.Sending, Attempt: 1}, delivery.BackOff(later, due),
			delivery.Delivery{State: delivery.BackingOff, Attempt: 1, Due: due, Changed: later}},
		{"FailHasAReason",
			delivery.Delivery{State: delivery.Sending, Attempt: 1}, delivery.Fail(later, delivery.TargetGone),
			delivery.Delivery{State: delivery.Failed, Attempt: 1, Reason: delivery.TargetGone, Changed: later}},
		{"AbandonIsDueAtOnceAndKeepsItsNumber",
			delivery.Delivery{State: delivery.Sending, Attempt: 2}, delivery.Abandon(later),
			delivery.Delivery{State: delivery.Scheduled, Attempt: 2, Due: later, Changed: later}},
		{"CancelIsDueNoMore",
			delivery.Delivery{State: delivery.BackingOff, Attempt: 2, Due: due}, delivery.Cancel(later, delivery.Operator),
			delivery.Delivery{State: delivery.Canceled, Attempt: 2, Reason: delivery.Operator, Changed: later}},
		{"ReplayOfAnEndedOneStartsANewRound",
			delivery.Delivery{State: delivery.Exhausted, Attempt: 10, Reason: delivery.OutOfAttempts}, delivery.Replay(later),
			delivery.Delivery{State: delivery.Scheduled, Attempt: 10, Earlier: 10, Due: later, Changed: later}},
		{"ReplayOfOneThatBacksOffDoesNot",
			delivery.Delivery{State: delivery.BackingOff, Attempt: 4, Due: due}, delivery.Replay(later),
			delivery.Delivery{State: delivery.Scheduled, Attempt: 4, Due: later, Changed: later}},
		{"EnqueueOfAnEndedOneStartsANewRound",
			delivery.Delivery{State: delivery.Failed, Attempt: 3, Reason: delivery.Refused}, delivery.Enqueue(later),
			delivery.Delivery{State: delivery.Queued, Attempt: 3, Earlier: 3, Changed: later}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := tt.before.Apply(tt.event); err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

// TestApplyInvariants: whatever happens in whatever order, the fields of a
// delivery agree with its state.
func TestApplyInvariants(t *testing.T) {
	t.Parallel()
	kinds := slices.Sorted(func(yield func(delivery.EventKind) bool) {
		for kind := range events {
			if !yield(kind) {
				return
			}
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		d := delivery.New(rapid.SampledFrom([]delivery.State{delivery.Held, delivery.Scheduled}).Draw(t, "first"), epoch)
		starts := 0
		for _, kind := range rapid.SliceOfN(rapid.SampledFrom(kinds), 0, 60).Draw(t, "events") {
			before := d
			next, err := d.Apply(events[kind])
			if err != nil {
				continue
			}
			d = next
			if kind == "start" {
				starts++
			}
			if d.Attempt != starts {
				t.Fatalf("%+v after %d starts", d, starts)
			}
			if d.State.Waiting() == d.Due.IsZero() {
				t.Fatalf("%+v: due and waiting must go together", d)
			}
			if (d.State.Ended() && d.State != delivery.Succeeded) != (d.Reason != "") {
				t.Fatalf("%+v: only an end without success has a reason", d)
			}
			if before.State.Ended() && kind != "replay" && kind != "hold" && kind != "enqueue" {
				t.Fatalf("%s took %+v out of its end", kind, before)
			}
			if d.Tries() < 0 || d.Tries() > d.Attempt || d.State == delivery.Sending && d.Tries() < 1 {
				t.Fatalf("%+v: %d tries", d, d.Tries())
			}
		}
	})
}

func TestNew(t *testing.T) {
	t.Parallel()
	if got := delivery.New(delivery.Scheduled, epoch); !got.Due.Equal(epoch) || got.Attempt != 0 {
		t.Errorf("scheduled: %+v, want due at once", got)
	}
	if got := delivery.New(delivery.Held, epoch); !got.Due.IsZero() {
		t.Errorf("held: %+v, want not due", got)
	}
}

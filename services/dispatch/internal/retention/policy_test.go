package retention_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/retention"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

const day = 24 * time.Hour

var now = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// aged is a run that was made, and whose deliveries ended, some days ago.
func aged(kind string, days int, states ...delivery.State) run.Run {
	at := now.Add(-time.Duration(days) * day)
	r := run.Run{TriggerKind: kind, CreatedAt: at}
	for _, s := range states {
		r.Deliveries = append(r.Deliveries, run.Delivery{Delivery: delivery.Delivery{State: s, Changed: at}})
	}
	return r
}

func TestExpired(t *testing.T) {
	t.Parallel()
	usual := retention.Rules{Policy: retention.DefaultPolicy(), Now: now, Oldest: now, Return: 7 * day}
	with := func(change func(*retention.Rules)) retention.Rules {
		r := usual
		change(&r)
		return r
	}
	late := aged(run.TriggerEvent, 8, delivery.Succeeded)
	late.Deliveries[0].Changed = now.Add(-6 * day)
	for name, c := range map[string]struct {
		rules retention.Rules
		run   run.Run
		want  bool
	}{
		"Succeeded":                        {usual, aged(run.TriggerEvent, 7, delivery.Succeeded, delivery.Succeeded), true},
		"SucceededYoung":                   {usual, aged(run.TriggerEvent, 6, delivery.Succeeded), false},
		"SucceededAfterDays":               {usual, late, false},
		"DeadLetter":                       {usual, aged(run.TriggerEvent, 30, delivery.Failed, delivery.Exhausted, delivery.Canceled), true},
		"DeadLetterYoung":                  {usual, aged(run.TriggerEvent, 29, delivery.Exhausted), false},
		"DeadLetterKeepsWhatIsBesideIt":    {usual, aged(run.TriggerEvent, 29, delivery.Succeeded, delivery.Canceled), false},
		"Hook":                             {usual, aged(run.TriggerRequest, 7), true},
		"HookYoung":                        {usual, aged(run.TriggerFunction, 6), false},
		"HookWithDeadLetter":               {usual, aged(run.TriggerResponse, 29, delivery.Failed), false},
		"EventWhoseStreamKeepsItLonger":    {with(func(r *retention.Rules) { r.Return = 9 * day }), aged(run.TriggerEvent, 8, delivery.Succeeded), false},
		"EventThatMayLieInAStream":         {with(func(r *retention.Rules) { r.Oldest = now.Add(-2 * day) }), aged(run.TriggerEvent, 8, delivery.Succeeded), false},
		"EventOlderThanWhatLiesInStreams":  {with(func(r *retention.Rules) { r.Oldest = now.Add(-2 * day) }), aged(run.TriggerEvent, 9, delivery.Succeeded), true},
		"HookWhateverLiesInStreams":        {with(func(r *retention.Rules) { r.Oldest = now.Add(-99 * day) }), aged(run.TriggerRequest, 8), true},
		"HookWhateverStreamsKeep":          {with(func(r *retention.Rules) { r.Return = 99 * day }), aged(run.TriggerRequest, 8), true},
		"EventOfNoTarget":                  {usual, aged(run.TriggerEvent, 8), true},
		"ShorterThanTheStreamKeepsNothing": {with(func(r *retention.Rules) { r.Succeeded = time.Hour }), aged(run.TriggerEvent, 6, delivery.Succeeded), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.rules.Expired(c.run); got != c.want {
				t.Errorf("expired: %t", got)
			}
		})
	}
}

// TestExpired_NeverWhatIsNotOver draws anything; what somebody may still work on
// stays.
func TestExpired_NeverWhatIsNotOver(t *testing.T) {
	t.Parallel()
	states := []delivery.State{
		delivery.Held, delivery.Queued, delivery.Scheduled, delivery.Sending, delivery.BackingOff,
		delivery.Succeeded, delivery.Failed, delivery.Exhausted, delivery.Canceled,
	}
	rapid.Check(t, func(t *rapid.T) {
		r := aged(run.TriggerEvent, rapid.IntRange(0, 1000).Draw(t, "days"), rapid.SliceOf(rapid.SampledFrom(states)).Draw(t, "states")...)
		rules := retention.Rules{Policy: retention.DefaultPolicy(), Now: now, Oldest: now}
		if !rules.Expired(r) {
			return
		}
		for _, d := range r.Deliveries {
			if !d.State.Ended() || !rules.ExpiredAlone(d) {
				t.Fatalf("a run with one that is %s expired", d.State)
			}
		}
	})
}

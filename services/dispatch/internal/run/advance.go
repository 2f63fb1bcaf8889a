package run

import (
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
)

// Advance returns, by index, the deliveries of a run that must change because
// others have: held steps that nobody holds back any more are due, or wait for
// their turn, those that waited in vain are canceled.
func Advance(all []Delivery, at time.Time) map[int]delivery.Delivery {
	moves := delivery.Progress(viewed(all))
	if moves.Empty() {
		return nil
	}
	next := map[int]delivery.Delivery{}
	for _, i := range moves.Release {
		event := delivery.Release(at)
		if all[i].OrderingKey != "" {
			event = delivery.Enqueue(at)
		}
		next[i], _ = all[i].Delivery.Apply(event) // Progress moves held ones only, and those may
	}
	for _, i := range moves.Cancel {
		next[i], _ = all[i].Delivery.Apply(delivery.Cancel(at, delivery.StepBlocked))
	}
	return next
}

func viewed(all []Delivery) []delivery.Step {
	steps := make([]delivery.Step, len(all))
	for i, d := range all {
		steps[i] = delivery.Step{State: d.State, Reason: d.Reason, Interrupts: d.Interrupts}
	}
	return steps
}

// Revive returns, by index, the deliveries of a run that are held again because
// the one at index replayed is.
func Revive(all []Delivery, replayed int) []int { return delivery.Revive(viewed(all), replayed) }

package run

import (
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
)

// Advance returns, by index, the deliveries of a run that must change because
// others have: held steps that nobody holds back any more are due, those that
// waited in vain are canceled.
func Advance(all []Delivery, at time.Time) map[int]delivery.Delivery {
	moves := delivery.Progress(viewed(all))
	if moves.Empty() {
		return nil
	}
	next := map[int]delivery.Delivery{}
	for _, i := range moves.Release {
		next[i], _ = all[i].Delivery.Apply(delivery.Release(at)) // Progress moves held ones only, and those may
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

package store

import (
	"slices"
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// steps are all deliveries of a run, by position, while reports are applied to
// them.
type steps struct {
	all     []run.Delivery
	changed []bool
}

// add takes a delivery in at its position.
func (s *steps) add(d run.Delivery) {
	at, _ := slices.BinarySearchFunc(s.all, d, func(a, b run.Delivery) int { return a.Position - b.Position })
	s.all = slices.Insert(s.all, at, d)
	s.changed = append(s.changed, false)
}

// apply applies those of reports that are about these deliveries, and returns
// what is to be written.
func (s *steps) apply(reports []run.Report) (changed []run.Delivery, attempts []attemptRow) {
	var at time.Time
	for _, r := range reports {
		i := slices.IndexFunc(s.all, func(d run.Delivery) bool { return d.ID == r.Delivery })
		if i < 0 {
			continue
		}
		if r.Sent() {
			attempts = append(attempts, attemptRow{r.Delivery, r.Attempt})
		}
		if s.conclude(i, r) {
			at = r.Event.At
		}
	}
	if !at.IsZero() {
		s.progress(at)
	}
	return s.writes(), attempts
}

// writes are the deliveries that changed.
func (s *steps) writes() (changed []run.Delivery) {
	for i, d := range s.all {
		if s.changed[i] {
			changed = append(changed, d)
		}
	}
	return changed
}

// conclude applies a report to the delivery at i.
func (s *steps) conclude(i int, r run.Report) bool {
	next, ok := r.Apply(s.all[i])
	if ok {
		s.all[i], s.changed[i] = next, true
	}
	return ok
}

// progress releases and cancels what waited.
func (s *steps) progress(at time.Time) {
	for i, d := range run.Advance(s.all, at) {
		s.all[i].Delivery, s.changed[i] = d, true
	}
}

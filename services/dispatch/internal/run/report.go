package run

import (
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
)

// Report is what became of an attempt that was started.
type Report struct {
	Run      ID
	Delivery DeliveryID
	// Attempt that was started. Without an Outcome nothing was sent: it is not
	// recorded, and its number is given back.
	Attempt Attempt
	// Event follows from it.
	Event delivery.Event
	// Due, when set, replaces when the event makes the delivery due.
	Due time.Time
}

// Sent reports whether there was an attempt.
func (r Report) Sent() bool { return r.Attempt.Outcome != "" }

// Apply returns the delivery after the report. It is false where the attempt is
// no longer the one under way, because somebody has taken over or canceled the
// delivery: the number of the attempt tells.
func (r Report) Apply(d Delivery) (Delivery, bool) {
	if d.State != delivery.Sending || d.Attempt != r.Attempt.Number {
		return d, false
	}
	next, err := d.Delivery.Apply(r.Event)
	if err != nil {
		return d, false
	}
	if !r.Sent() {
		next.Attempt--
	}
	if !r.Due.IsZero() {
		next.Due = r.Due
	}
	d.Delivery, d.Lease, d.Error = next, time.Time{}, r.Attempt.Error
	return d, true
}

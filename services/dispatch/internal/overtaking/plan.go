// Package overtaking says whose events are handled before their turn. A stream is
// one queue for all: however much a tenant publishes, the others wait behind it.
// So when much waits, those tenants of whom little does may overtake the one of
// whom most does; and where that one is another tenant next time, so be it: in
// the end all wait alike.
package overtaking

import (
	"cmp"
	"slices"
	"time"
)

// Plan returns the tenants that may overtake, in the order in which they may,
// given how much waits of each: all but the one of whom most does, least first.
func Plan(waiting map[string]uint64) []string {
	tenants := make([]string, 0, len(waiting))
	for tenant := range waiting {
		tenants = append(tenants, tenant)
	}
	slices.SortFunc(tenants, func(a, b string) int {
		return cmp.Or(cmp.Compare(waiting[a], waiting[b]), cmp.Compare(a, b))
	})
	return tenants[:max(0, len(tenants)-1)]
}

// Pace is how fast a queue's consumer goes. Its zero value has not looked yet.
type Pace struct {
	at        time.Time
	delivered uint64
	perSecond float64
}

// Look takes in how far the consumer is.
func (p *Pace) Look(now time.Time, delivered uint64) {
	took := now.Sub(p.at).Seconds()
	switch {
	case p.at.IsZero() || delivered < p.delivered: // the first look, or another stream of that name
		p.perSecond = 0
	case took <= 0: // the clock went back
		return
	default:
		p.perSecond = float64(delivered-p.delivered) / took
	}
	p.at, p.delivered = now, delivered
}

// Reach is the sequence that the consumer will not be behind of within a time, if
// it does not become faster than it was between the last two looks.
func (p *Pace) Reach(within time.Duration) uint64 {
	return p.delivered + uint64(p.perSecond*within.Seconds())
}

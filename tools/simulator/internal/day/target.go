package day

import (
	"math"

	"github.com/actionplane/actionplane/tools/simulator/internal/traffic"
)

// Of dispatch's defaults: a circuit opens after so many failures in a row, for
// so many seconds, which double up to so many.
const (
	circuitFailures = 10
	circuitPause    = 5
	circuitMaxPause = 300
	jitter          = 0.2
)

// target is what waits for one, and whether it is tried.
type target struct {
	traffic.Target
	slots float64 // attempts at once
	waits []float64

	ready []int         // by attempts made: due, in rows
	later map[int][]int // by second: those that back off, by attempts made
	off   int           // of later, all
	out   bool          // fails whatever it gets
	broke int           // failures in a row, of all replicas
	open  bool          // its circuit
	until int           // second of the next probe
	trips int
}

func newTarget(p traffic.Profile, t traffic.Target) *target {
	return &target{Target: t, slots: p.Slots(t), waits: p.House.RetrySeconds,
		ready: make([]int, len(p.House.RetrySeconds)+1), later: map[int][]int{}}
}

// late is how many are due and wait.
func (t *target) late() (n int) {
	for _, k := range t.ready {
		n += k
	}
	return n
}

// waiting is how many wait for anything.
func (t *target) waiting() int { return t.late() + t.off }

// perSecond is how many attempts its slots allow.
func (t *target) perSecond() int {
	return int(min(math.Ceil(t.slots/(t.MeanMilli()/1e3)), 1e9))
}

// wake makes due what has backed off for long enough.
func (t *target) wake(now int) {
	for attempts, n := range t.later[now] {
		t.ready[attempts] += n
		t.off -= n
	}
	delete(t.later, now)
}

// takeReady takes up to n that are due, those tried most first.
func (t *target) takeReady(n int) []int {
	taken := make([]int, len(t.ready))
	for a := len(t.ready) - 1; a >= 0 && n > 0; a-- {
		taken[a] = min(n, t.ready[a])
		t.ready[a] -= taken[a]
		n -= taken[a]
	}
	return taken
}

// trip opens the circuit, again or for the first time.
func (t *target) trip(now int) {
	t.open = true
	t.until = now + int(min(circuitMaxPause, circuitPause*math.Pow(2, float64(t.trips))))
	t.trips = min(t.trips+1, 30)
}

// works closes the circuit.
func (t *target) works() { t.open, t.trips, t.broke = false, 0, 0 }

// backOff puts n off that were tried so many times; false: it was the last try.
func (t *target) backOff(attempts, now, n int, random float64) bool {
	if attempts > len(t.waits) {
		return false
	}
	wait := t.waits[attempts-1] * (1 + jitter*(2*random-1))
	due := now + max(1, int(math.Round(wait)))
	if t.later[due] == nil {
		t.later[due] = make([]int, len(t.ready))
	}
	t.later[due][attempts] += n
	t.off += n
	return true
}

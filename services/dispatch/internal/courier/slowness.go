package courier

import (
	"sync"
	"time"

	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/services/dispatch/internal/gate"
)

const (
	maxSlow = 10_000
	slowFor = 10 * time.Second
	// enoughQuick is how many answers in a row, none later than a hold and all
	// of them within one, show that a target is not slow: at such a rate all
	// messages that we have in hand are answered within a moment.
	enoughQuick = 64
)

// slowness remembers, for a while, the targets that have kept a message waiting.
// The reason may have been ours: a machine that is too busy for a moment makes
// every target late. Their deliveries cost twice as much as a quick one's, so
// that such a moment would keep the machine busy for as long as it is
// remembered; a target that answers well is therefore forgiven at once.
type slowness struct {
	hold    time.Duration
	targets *cache.Local[gate.Target, *amends]
}

func newSlowness(hold time.Duration) slowness {
	return slowness{hold: hold, targets: cache.NewLocal[gate.Target, *amends](maxSlow, slowFor)}
}

func (s slowness) of(t gate.Target) bool {
	_, slow := s.targets.Get(t)
	return slow
}

func (s slowness) blame(t gate.Target) { s.targets.Set(t, &amends{}) }

// answered tells how long an attempt at a slow target took.
func (s slowness) answered(t gate.Target, took time.Duration, now time.Time) {
	if a, slow := s.targets.Get(t); slow && a.made(took, s.hold, now) {
		s.targets.Delete(t)
	}
}

func (s slowness) close() { s.targets.Close() }

// amends are the quick answers in a row.
type amends struct {
	mu    sync.Mutex
	since time.Time
	quick int
}

// made reports whether there are enough.
func (a *amends) made(took, hold time.Duration, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if took >= hold || now.Sub(a.since) > hold {
		a.since, a.quick = now, 0
	}
	if took < hold {
		a.quick++
	}
	return a.quick >= enoughQuick
}

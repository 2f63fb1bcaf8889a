// Package gate bounds what a target is burdened with: attempts at once,
// attempts a second, and none at all for a while after it failed too often in
// a row (package circuit). Every attempt passes it, those of hooks and those
// of deliveries.
//
// It decides from memory, without asking anybody, for it stands before every
// attempt and hooks must run on while Postgres is away. What replicas should
// agree on is shared behind it (share.go): a circuit that one opens or closes
// is open or closed for the others within about a second, and a target's
// limits are divided by the number of replicas alive. Until then each counts
// for itself, so that a target which dies is tried at most as often as its
// policy says, times the replicas.
package gate

import (
	"sync"
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/circuit"
)

// Limits bound what one target is burdened with.
type Limits struct {
	Concurrency int     // attempts at once, over all replicas
	Rate        float64 // attempts a second, over all replicas; 0: any
	Circuit     circuit.Policy
}

// Target names a target.
type Target struct{ Tenant, ID string }

// Why an attempt is refused.
const (
	CircuitOpen = "circuit_open"
	Crowded     = "concurrency"
	TooFast     = "rate"
)

// Refusal is the error of an attempt that may not be made now.
type Refusal struct {
	Why string
	// Until is when to ask again; zero: when another attempt is over.
	Until time.Time
}

// Error says why.
func (r *Refusal) Error() string { return "not tried: " + r.Why }

// Gate keeps what is known of targets. It is safe for concurrent use.
type Gate struct {
	defaults Limits

	mu       sync.Mutex
	targets  map[Target]*entry
	replicas int
	news     map[Target]struct{} // circuits that moved and are not shared yet
}

// entry is one target.
type entry struct {
	limits   Limits
	circuit  circuit.Circuit
	cause    string // of the latest failure
	version  int64  // of the shared circuit that is known
	inFlight int
	bucket   bucket
	freed    chan struct{} // somebody who waits may look again
}

// New returns a gate. defaults hold for targets whose own limits are not known.
func New(defaults Limits) *Gate {
	return &Gate{defaults: defaults, targets: map[Target]*entry{}, replicas: 1, news: map[Target]struct{}{}}
}

// Pass is the leave to make one attempt. Its holder says what came of it.
type Pass struct {
	gate   *Gate
	target Target
	probe  bool
}

// Enter asks to make an attempt that takes no longer than within.
func (g *Gate) Enter(t Target, l Limits, within time.Duration, now time.Time) (Pass, *Refusal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.entry(t)
	e.limits = l
	if e.inFlight >= g.share(l.Concurrency) {
		return Pass{}, &Refusal{Why: Crowded}
	}
	// A refusal of the bucket must not cost a probe, nor one of the circuit a
	// token.
	if _, ok, _ := e.circuit.Ask(now, within); !ok {
		return Pass{}, &Refusal{Why: CircuitOpen, Until: again(e.circuit, now)}
	}
	if wait := e.bucket.take(l.Rate/float64(g.replicas), now); wait > 0 {
		return Pass{}, &Refusal{Why: TooFast, Until: now.Add(wait)}
	}
	var probe bool
	e.circuit, _, probe = e.circuit.Ask(now, within)
	e.inFlight++
	return Pass{gate: g, target: t, probe: probe}, nil
}

// Done says what the attempt told about its target, and why it failed.
func (p Pass) Done(r circuit.Result, cause string, now time.Time) {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.entry(p.target)
	e.inFlight--
	before := e.circuit.State
	e.circuit = e.circuit.Tell(e.limits.Circuit, r, p.probe, now)
	if r == circuit.Broke {
		e.cause = cause
	}
	if e.circuit.State != before && r != circuit.Unknown {
		g.news[p.target] = struct{}{}
	}
	select {
	case e.freed <- struct{}{}:
	default:
	}
}

// Room returns how many attempts may be made now. open is false where the
// target is left alone until a moment; otherwise, where there is no room, there
// will be soon.
func (g *Gate) Room(t Target, now time.Time) (n int, until time.Time, open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e, ok := g.targets[t]
	if !ok {
		return g.share(g.defaults.Concurrency), time.Time{}, true
	}
	_, open, probe := e.circuit.Ask(now, 0)
	if !open {
		return 0, again(e.circuit, now), false
	}
	n = max(0, g.share(e.limits.Concurrency)-e.inFlight)
	n = min(n, e.bucket.look(e.limits.Rate/float64(g.replicas), now))
	if probe {
		n = min(n, 1)
	}
	return n, time.Time{}, true
}

// soon is when to ask again while a probe is under way, which is usually over
// long before it would be given up for lost.
const soon = time.Second

func again(c circuit.Circuit, now time.Time) time.Time {
	if c.State == circuit.HalfOpen && c.Until.Sub(now) > soon {
		return now.Add(soon)
	}
	return c.Until
}

// share is this replica's part of a limit.
func (g *Gate) share(limit int) int { return max(1, (limit+g.replicas-1)/g.replicas) }

func (g *Gate) entry(t Target) *entry {
	e, ok := g.targets[t]
	if !ok {
		e = &entry{limits: g.defaults, circuit: circuit.New(), freed: make(chan struct{}, 1)}
		g.targets[t] = e
	}
	return e
}

// waiting returns what tells that there may be room.
func (g *Gate) waiting(t Target) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.entry(t).freed
}

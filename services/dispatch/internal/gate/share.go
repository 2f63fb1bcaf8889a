package gate

import (
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/circuit"
)

// Shared is a circuit as replicas share it: one that is open, or that has
// lately closed again. A probe is everybody's own.
type Shared struct {
	Target   Target
	Open     bool
	Failures int
	Trips    int
	// Left of the pause; clocks differ, so that no time of day is shared.
	Left  time.Duration
	Cause string
	// Version is raised with every change.
	Version int64
}

// News returns the circuits that moved since the last call.
func (g *Gate) News(now time.Time) []Shared {
	g.mu.Lock()
	defer g.mu.Unlock()
	var news []Shared
	for t := range g.news {
		e := g.entry(t)
		news = append(news, Shared{
			Target: t, Open: e.circuit.State != circuit.Closed, Failures: e.circuit.Failures, Trips: e.circuit.Trips,
			Left: max(0, e.circuit.Until.Sub(now)), Cause: e.cause,
		})
	}
	clear(g.news)
	return news
}

// Keep takes news back that could not be shared.
func (g *Gate) Keep(news []Shared) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range news {
		g.news[s.Target] = struct{}{}
	}
}

// Published says under which version a circuit of ours is shared.
func (g *Gate) Published(t Target, version int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.entry(t)
	e.version = max(e.version, version)
}

// Learn takes what others have shared. A probe of ours that is under way
// decides before that, and so does what we have not shared yet.
func (g *Gate) Learn(all []Shared, replicas int, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.replicas = max(1, replicas)
	for _, s := range all {
		if _, ours := g.news[s.Target]; ours {
			continue
		}
		e, known := g.targets[s.Target]
		if !known && !s.Open {
			continue
		}
		if !known {
			e = g.entry(s.Target)
		}
		if s.Version <= e.version {
			continue
		}
		e.version = s.Version
		if e.circuit.State != circuit.HalfOpen {
			e.circuit, e.cause = circuitOf(s, e.limits.Circuit.MaxPause, now), s.Cause
		}
	}
	g.forget()
}

// circuitOf believes no pause that is longer than the longest: the clock of
// those who keep it was set back.
func circuitOf(s Shared, longest time.Duration, now time.Time) circuit.Circuit {
	if !s.Open {
		return circuit.Circuit{State: circuit.Closed, Changed: now}
	}
	return circuit.Circuit{State: circuit.Open, Failures: s.Failures, Trips: s.Trips, Until: now.Add(min(s.Left, longest)), Changed: now}
}

// maxIdle is how many targets are remembered of which there is nothing to
// remember but their version and bucket.
const maxIdle = 10_000

// forget drops targets that are like unknown ones.
func (g *Gate) forget() {
	if len(g.targets) <= maxIdle {
		return
	}
	for t, e := range g.targets {
		if _, ours := g.news[t]; !ours && e.inFlight == 0 && e.circuit.State == circuit.Closed && e.circuit.Failures == 0 {
			delete(g.targets, t)
		}
	}
}

package gate

import "github.com/actionplane/actionplane/services/dispatch/internal/circuit"

// Breakers tells of the circuits that have moved as long as they are known here:
// those of targets that never failed often are closed, and there may be many.
func (g *Gate) Breakers(told func(Target, circuit.State)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for t, e := range g.targets {
		if !e.circuit.Changed.IsZero() {
			told(t, e.circuit.State)
		}
	}
}

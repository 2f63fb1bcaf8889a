package gate

import "github.com/actionplane/actionplane/services/dispatch/internal/circuit"

// Breaker is the circuit of a target that is in use.
type Breaker struct {
	Target Target
	State  circuit.State
	// Moved says that it has opened once, as long as that is known here.
	Moved bool
}

// Breakers returns the circuits that are known here, in no order.
func (g *Gate) Breakers() []Breaker {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]Breaker, 0, len(g.targets))
	for t, e := range g.targets {
		all = append(all, Breaker{t, e.circuit.State, !e.circuit.Changed.IsZero()})
	}
	return all
}

package resolver

import (
	"context"
	"sync"
)

// Epochs knows how far the configuration of every tenant has come, from the
// change feed. Until Start nothing is known, and nothing may be cached.
type Epochs struct {
	mu      sync.RWMutex
	started bool
	base    uint64            // what all tenants have reached at least
	seen    uint64            // last sequence of the feed
	tenants map[string]uint64 // last change of those that changed since
	moved   chan struct{}     // closed and replaced when seen rises
}

// NewEpochs returns epochs that know nothing yet.
func NewEpochs() *Epochs {
	return &Epochs{tenants: map[string]uint64{}, moved: make(chan struct{})}
}

// Start says that the feed is followed from behind sequence base on.
func (e *Epochs) Start(base uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.started, e.base = true, base
	e.advance(base)
}

// Advance says that the feed has reached sequence seq, and that this changed
// what a tenant's conditions resolve to.
func (e *Epochs) Advance(seq uint64, tenant string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tenants[tenant] = seq
	e.advance(seq)
}

// AdvanceAll is Advance for every tenant.
func (e *Epochs) AdvanceAll(seq uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.base = seq
	clear(e.tenants) // all of them are below the base
	e.advance(seq)
}

// Pass says that the feed has reached sequence seq with a change that no
// condition's resolution depends on.
func (e *Epochs) Pass(seq uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.advance(seq)
}

// advance wakes those who wait. The lock is held.
func (e *Epochs) advance(seq uint64) {
	e.seen = max(e.seen, seq)
	close(e.moved)
	e.moved = make(chan struct{})
}

// Of returns the epoch of a tenant; ok is false while it is not known.
func (e *Epochs) Of(tenant string) (epoch uint64, ok bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return max(e.base, e.tenants[tenant]), e.started
}

// Wait returns once the feed has reached seq, or ctx is done.
func (e *Epochs) Wait(ctx context.Context, seq uint64) error {
	for {
		e.mu.Lock()
		reached, moved := e.started && e.seen >= seq, e.moved
		e.mu.Unlock()
		if reached {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
		}
	}
}

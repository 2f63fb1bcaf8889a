package approval

import (
	"context"
	"sync"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
)

// maxModes is how many organizations are remembered at once.
const maxModes = 10_000

// modes remembers which organizations have approvals on.
type modes struct {
	ttl, stale time.Duration
	ask        func(context.Context) (bool, error)

	mu         sync.Mutex
	known      map[organization]mode
	following  bool   // the change feed: nothing is remembered without it
	generation uint64 // raised when everything is forgotten
}

type organization struct {
	tenant tenant.ID
	id     tenant.OrganizationID
}

type mode struct {
	on    bool
	asked time.Time
}

func newModes(cfg Config, ask func(context.Context) (bool, error)) *modes {
	return &modes{ttl: cfg.ModeTTL, stale: cfg.ModeStale, ask: ask, known: map[organization]mode{}}
}

// on reports whether the caller's organization has approvals on.
func (m *modes) on(ctx context.Context) (bool, error) {
	who := tenant.From(ctx)
	key := organization{tenant: who.Tenant, id: who.Organization}
	known, ok, generation := m.look(key)
	if ok && time.Since(known.asked) < m.ttl {
		return known.on, nil
	}
	asked := time.Now()
	on, err := m.ask(ctx)
	if err != nil {
		if ok && !known.on && time.Since(known.asked) < m.stale {
			return false, nil
		}
		return false, fault.Unavailable("whether this change needs approval cannot be found out now").Because(err)
	}
	m.keep(key, mode{on: on, asked: asked}, generation)
	return on, nil
}

func (m *modes) look(key organization) (known mode, ok bool, generation uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, ok = m.known[key]
	return known, ok, m.generation
}

// keep remembers an answer, unless settings have changed since it was asked
// for or nobody would tell that they do.
func (m *modes) keep(key organization, answer mode, generation uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.following || generation != m.generation {
		return
	}
	if len(m.known) >= maxModes {
		clear(m.known)
	}
	m.known[key] = answer
}

// forget forgets everything, answers that are on their way too.
func (m *modes) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.known)
	m.generation++
}

func (m *modes) follow() {
	m.forget()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.following = true
}

func (m *modes) unfollow() {
	m.mu.Lock()
	m.following = false
	m.mu.Unlock()
	m.forget()
}

package courier

import (
	"sync"

	"github.com/actionplane/actionplane/services/dispatch/internal/fairness"
)

// slots bound the attempts that are under way at once. A slow target's attempts
// have half of them at most, so that the other half is always there for those
// that answer. Which target is slow shows only once an attempt lasts; then its
// slot moves over, even where that half is full: the targets' own limits bound
// that, and overflow does. No tenant has more than three quarters.
type slots struct {
	size int
	// freed tells that there may be a free one.
	freed chan struct{}

	mu          sync.Mutex
	quick, slow int
	tenants     map[string]int
}

// overflow is how many times its size slots may hold, most of them slow.
const overflow = 4

func newSlots(size int) *slots {
	return &slots{size: size, freed: make(chan struct{}, 1), tenants: map[string]int{}}
}

// slot is one attempt's.
type slot struct {
	of     *slots
	tenant string

	mu   sync.Mutex
	slow bool
	over bool
}

// take returns a slot, or nil where there is none.
func (s *slots) take(tenant string, slow bool) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	pool, free := &s.quick, s.quickFree()
	if slow {
		pool, free = &s.slow, s.slowFree()
	}
	if free <= 0 || s.tenantFree(tenant) <= 0 {
		return nil
	}
	*pool++
	s.tenants[tenant]++
	return &slot{of: s, tenant: tenant, slow: slow}
}

// force returns a slot although there may be none, for what is claimed
// already.
func (s *slots) force(tenant string) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quick++
	s.tenants[tenant]++
	return &slot{of: s, tenant: tenant}
}

func (s *slots) half() int { return max(1, s.size/2) }

func (s *slots) quickFree() int {
	return min(s.size-min(s.slow, s.size/2)-s.quick, overflow*s.size-s.quick-s.slow)
}

func (s *slots) slowFree() int { return min(s.half()-s.slow, overflow*s.size-s.quick-s.slow) }

func (s *slots) tenantFree(tenant string) int { return max(1, s.size*3/4) - s.tenants[tenant] }

// free returns what may be taken.
func (s *slots) free() fairness.Free {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := make(map[string]int, len(s.tenants))
	for tenant := range s.tenants {
		left[tenant] = s.tenantFree(tenant)
	}
	all := max(1, s.size*3/4)
	return fairness.Free{Quick: max(0, s.quickFree()), Slow: max(0, s.slowFree()), Tenant: func(tenant string) int {
		if n, ok := left[tenant]; ok {
			return n
		}
		return all
	}}
}

// lasts moves the slot to the slow ones.
func (x *slot) lasts() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.slow || x.over {
		return
	}
	x.slow = true
	x.of.mu.Lock()
	x.of.quick--
	x.of.slow++
	x.of.mu.Unlock()
	x.of.tell()
}

// release gives the slot back.
func (x *slot) release() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.over = true
	s := x.of
	s.mu.Lock()
	if x.slow {
		s.slow--
	} else {
		s.quick--
	}
	if s.tenants[x.tenant]--; s.tenants[x.tenant] == 0 {
		delete(s.tenants, x.tenant)
	}
	s.mu.Unlock()
	s.tell()
}

func (s *slots) tell() {
	select {
	case s.freed <- struct{}{}:
	default:
	}
}

package courier

import (
	"sync"

	"github.com/actionplane/actionplane/services/dispatch/internal/fairness"
)

// slots bound the attempts that are under way at once. A slow target's attempts
// have half of them at most, so that the other half is always there for those
// that answer. Which target is slow shows only once an attempt lasts; then its
// slot moves over, even where that half is full: the targets' own limits bound
// that, and overflow does. No tenant has more than three
// quarters of those, or of these.
type slots struct {
	size int
	// freed tells that there may be a free one.
	freed chan struct{}

	mu          sync.Mutex
	quick, slow int
	tenants     map[share]int
}

// share is a tenant's part of the quick ones or of the slow ones.
type share struct {
	tenant string
	slow   bool
}

// overflow is how many times its size slots may hold, most of them slow.
const overflow = 4

func newSlots(size int) *slots {
	return &slots{size: size, freed: make(chan struct{}, 1), tenants: map[share]int{}}
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
	free := s.quickFree()
	if slow {
		free = s.slowFree()
	}
	if free <= 0 || s.tenantFree(share{tenant, slow}) <= 0 {
		return nil
	}
	return s.enter(tenant, slow)
}

// force returns a slot although there may be none, for what is claimed
// already.
func (s *slots) force(tenant string, slow bool) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.enter(tenant, slow)
}

func (s *slots) enter(tenant string, slow bool) *slot {
	if slow {
		s.slow++
	} else {
		s.quick++
	}
	s.tenants[share{tenant, slow}]++
	return &slot{of: s, tenant: tenant, slow: slow}
}

func (s *slots) half() int { return max(1, s.size/2) }

func (s *slots) quickFree() int {
	return min(s.size-min(s.slow, s.size/2)-s.quick, overflow*s.size-s.quick-s.slow)
}

func (s *slots) slowFree() int { return min(s.half()-s.slow, overflow*s.size-s.quick-s.slow) }

func (s *slots) tenantFree(of share) int { return s.most(of.slow) - s.tenants[of] }

// most is a tenant's largest share.
func (s *slots) most(slow bool) int {
	if slow {
		return max(1, s.half()*3/4)
	}
	return max(1, s.size*3/4)
}

// free returns what may be taken.
func (s *slots) free() fairness.Free {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := make(map[share]int, len(s.tenants))
	for of := range s.tenants {
		left[of] = s.tenantFree(of)
	}
	return fairness.Free{Quick: max(0, s.quickFree()), Slow: max(0, s.slowFree()), Tenant: func(tenant string, slow bool) int {
		if n, ok := left[share{tenant, slow}]; ok {
			return n
		}
		return s.most(slow)
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
	x.of.leave(share{tenant: x.tenant})
	x.of.tenants[share{x.tenant, true}]++
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
	s.leave(share{x.tenant, x.slow})
	s.mu.Unlock()
	s.tell()
}

func (s *slots) leave(of share) {
	if s.tenants[of]--; s.tenants[of] == 0 {
		delete(s.tenants, of)
	}
}

func (s *slots) tell() {
	select {
	case s.freed <- struct{}{}:
	default:
	}
}

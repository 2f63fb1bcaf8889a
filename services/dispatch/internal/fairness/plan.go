// Package fairness divides slots among those who wait for one: tenants take
// turns, and a tenant's targets do. However much one of them has waiting, it
// gets no more than what the others leave.
package fairness

// Lane is what waits for one target.
type Lane struct {
	Tenant string
	Target string
	Due    int  // how many wait
	Room   int  // how many the target may get now
	Slow   bool // it has lately kept a slot for long
}

// Free are the slots to be divided.
type Free struct {
	Quick int // for whoever comes
	Slow  int // most of them that targets may get that are slow
	// Tenant returns how many of these a tenant may get.
	Tenant func(tenant string, slow bool) int
}

// Take is what a lane gets.
type Take struct {
	Tenant string
	Target string
	N      int
}

// Plan divides the free slots among lanes, which are grouped by tenant. First
// is whose turn it is: raise it from call to call, so that what is left over
// goes to another each time.
func Plan(lanes []Lane, free Free, first int) []Take {
	p := &plan{lanes: lanes, free: free, got: make([]int, len(lanes)), used: map[share]int{}}
	tenants := p.tenants()
	if len(tenants) == 0 {
		return nil
	}
	for again := true; again; {
		again = false
		for i := range tenants {
			t := tenants[(first+i)%len(tenants)]
			again = p.serve(t, first) || again
		}
	}
	return p.takes()
}

type plan struct {
	lanes []Lane
	free  Free
	got   []int
	used  map[share]int
}

// share is a tenant's of one kind of slots.
type share struct {
	tenant string
	slow   bool
}

// turns are the lanes of one tenant, by index, and whose turn it is.
type turns struct {
	tenant string
	lanes  []int
	next   int
}

func (p *plan) tenants() []*turns {
	var all []*turns
	at := map[string]*turns{}
	for i, l := range p.lanes {
		if at[l.Tenant] == nil {
			at[l.Tenant] = &turns{tenant: l.Tenant}
			all = append(all, at[l.Tenant])
		}
		at[l.Tenant].lanes = append(at[l.Tenant].lanes, i)
	}
	return all
}

// serve gives a tenant one slot, for the next of its lanes that can use it.
func (p *plan) serve(t *turns, first int) bool {
	for range t.lanes {
		i := t.lanes[(first+t.next)%len(t.lanes)]
		t.next++
		if p.give(i) {
			return true
		}
	}
	return false
}

func (p *plan) give(i int) bool {
	l := p.lanes[i]
	if p.got[i] >= min(l.Due, l.Room) {
		return false
	}
	pool := &p.free.Quick
	if l.Slow {
		pool = &p.free.Slow
	}
	of := share{l.Tenant, l.Slow}
	if *pool <= 0 || p.used[of] >= p.free.Tenant(l.Tenant, l.Slow) {
		return false
	}
	*pool--
	p.used[of]++
	p.got[i]++
	return true
}

func (p *plan) takes() []Take {
	var takes []Take
	for i, n := range p.got {
		if n > 0 {
			takes = append(takes, Take{p.lanes[i].Tenant, p.lanes[i].Target, n})
		}
	}
	return takes
}

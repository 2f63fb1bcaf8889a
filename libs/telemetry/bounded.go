package telemetry

import "sync"

// Other is the label of everything that has none of its own.
const Other = "other"

// PerTenant keeps what is measured apart by tenant, for the first so many that a
// process meets; all others share one value, labeled "other". So the number of
// series is bounded however many tenants there are. Nothing is forgotten while
// the process lives: a label that changes its meaning could not be read.
//
// V is what recording takes, such as a set of attributes, made once: looking it
// up allocates nothing. It is safe for concurrent use.
type PerTenant[V any] struct {
	own  *firsts[string, V]
	rest func() V
}

// NewPerTenant returns one for limit tenants: build is called limit+1 times at
// most.
func NewPerTenant[V any](limit int, build func(tenant string) V) *PerTenant[V] {
	return &PerTenant[V]{own: newFirsts(limit, build), rest: sync.OnceValue(func() V { return build(Other) })}
}

// Of returns the value of a tenant.
func (p *PerTenant[V]) Of(tenant string) V {
	if v, ok := p.own.of(tenant); ok {
		return v
	}
	return p.rest()
}

// PerTarget is PerTenant for what has a tenant and a target: the first targets
// have a value of their own; further ones share that of their tenant with the
// target "other", which again the first tenants have of their own.
type PerTarget[V any] struct {
	own     *firsts[target, V]
	tenants *PerTenant[V]
}

type target struct{ tenant, id string }

// NewPerTarget returns one for limit targets and as many tenants: build is
// called 2*limit+1 times at most.
func NewPerTarget[V any](limit int, build func(tenant, target string) V) *PerTarget[V] {
	return &PerTarget[V]{
		own:     newFirsts(limit, func(t target) V { return build(t.tenant, t.id) }),
		tenants: NewPerTenant(limit, func(tenant string) V { return build(tenant, Other) }),
	}
}

// Of returns the value of a target.
func (p *PerTarget[V]) Of(tenant, id string) V {
	if v, ok := p.own.of(target{tenant, id}); ok {
		return v
	}
	return p.tenants.Of(tenant)
}

// firsts has values of the first keys that are asked for.
type firsts[K comparable, V any] struct {
	limit int
	build func(K) V

	mu  sync.RWMutex
	all map[K]V
}

func newFirsts[K comparable, V any](limit int, build func(K) V) *firsts[K, V] {
	return &firsts[K, V]{limit: limit, build: build, all: map[K]V{}}
}

// of is false where there was no room for key.
func (f *firsts[K, V]) of(key K) (V, bool) {
	f.mu.RLock()
	v, ok := f.all[key]
	full := len(f.all) >= f.limit
	f.mu.RUnlock()
	if ok || full {
		return v, ok
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if v, ok = f.all[key]; !ok && len(f.all) < f.limit {
		v, ok = f.build(key), true
		f.all[key] = v
	}
	return v, ok
}

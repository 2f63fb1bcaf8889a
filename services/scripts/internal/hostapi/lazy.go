package hostapi

import (
	"slices"

	"github.com/dop251/goja"
)

// Member makes one member of a lazy object: a function or a nested object. It
// returns nil for a name it does not know.
type Member func(name string) goja.Value

// Lazy returns an object whose members are made when they are first read. A
// host function costs about a microsecond to make; an invocation is offered
// dozens and uses two. To the script it is an object like any other, which it
// may change, but neither freeze nor give accessors.
func Lazy(vm *goja.Runtime, names []string, member Member) *goja.Object {
	return vm.NewDynamicObject(&lazy{names: names, member: member})
}

// lazy implements goja.DynamicObject.
type lazy struct {
	names  []string // never written to: callers share it between invocations
	member Member
	made   map[string]goja.Value
}

// Get returns a member, made on first use.
func (l *lazy) Get(name string) goja.Value {
	if v, ok := l.made[name]; ok {
		return v
	}
	if !slices.Contains(l.names, name) {
		return nil
	}
	v := l.member(name)
	l.keep(name, v)
	return v
}

// Set replaces or adds a member.
func (l *lazy) Set(name string, v goja.Value) bool {
	if !slices.Contains(l.names, name) {
		l.names = append(slices.Clip(l.names), name)
	}
	l.keep(name, v)
	return true
}

func (l *lazy) keep(name string, v goja.Value) {
	if l.made == nil {
		l.made = make(map[string]goja.Value, 2)
	}
	l.made[name] = v
}

// Has reports whether there is such a member.
func (l *lazy) Has(name string) bool { return slices.Contains(l.names, name) }

// Delete removes a member.
func (l *lazy) Delete(name string) bool {
	if at := slices.Index(l.names, name); at >= 0 {
		l.names = slices.Delete(slices.Clone(l.names), at, at+1)
		delete(l.made, name)
	}
	return true
}

// Keys returns the names of all members.
func (l *lazy) Keys() []string { return l.names }

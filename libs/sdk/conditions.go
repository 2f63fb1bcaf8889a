package sdk

import (
	"maps"
	"strings"
	"unicode/utf8"
)

// Kind is a kind of hook.
type Kind string

// The kinds, as they are called in the ids of conditions.
const (
	KindRequest  Kind = "request"
	KindResponse Kind = "response"
	KindFunction Kind = "function"
)

// conditions is what somebody listens to. It is not changed once it is shared.
//
// Whether one of them matches is found out as executions does it (package
// condition there): method, service, all; functions by name. The few lines are
// written a second time because the SDK inherits no service, and so that a
// look-up makes no string; a test of executions holds them to each other.
type conditions struct {
	all   map[Kind]bool
	names map[Kind]map[string]struct{} // "pkg.Service/Method", "pkg.Service", a function
	size  int
}

func newConditions() *conditions {
	c := &conditions{all: map[Kind]bool{}, names: map[Kind]map[string]struct{}{}}
	for _, kind := range []Kind{KindRequest, KindResponse, KindFunction} {
		c.names[kind] = map[string]struct{}{}
	}
	return c
}

// add puts in the condition of an id, e.g. "request/pkg.Service/Method". Those
// of events are not asked about here.
func (c *conditions) add(id string) {
	kind, name, named := strings.Cut(id, "/")
	names, ok := c.names[Kind(kind)]
	switch {
	case !ok:
	case !named:
		c.all[Kind(kind)] = true
	default:
		names[name] = struct{}{}
	}
	c.size++
}

// has reports whether id was added.
func (c *conditions) has(id string) bool {
	kind, name, named := strings.Cut(id, "/")
	names, ok := c.names[Kind(kind)]
	if !ok {
		return true // of an event, or of something newer than this SDK
	}
	if !named {
		return c.all[Kind(kind)]
	}
	_, ok = names[name]
	return ok
}

// with returns a copy that has id, too. New conditions are rare, and look-ups
// are not: these pay nothing.
func (c *conditions) with(id string) *conditions {
	out := &conditions{all: maps.Clone(c.all), names: maps.Clone(c.names), size: c.size}
	kind, _, _ := strings.Cut(id, "/")
	out.names[Kind(kind)] = maps.Clone(c.names[Kind(kind)])
	out.add(id)
	return out
}

// match reports whether a condition matches. What has no form that a condition
// could have is left to the server to refuse.
func (c *conditions) match(kind Kind, name string) bool {
	names := c.names[kind]
	if kind == KindFunction {
		_, ok := names[name]
		return ok || !isPlain(name) || strings.IndexByte(name, '/') >= 0
	}
	name = strings.TrimPrefix(name, "/")
	slash := strings.IndexByte(name, '/')
	if slash <= 0 || c.all[kind] {
		return true
	}
	service := name[:slash]
	if _, ok := names[service]; ok {
		return true
	}
	if _, ok := names[name]; ok {
		return true
	}
	return !isPlain(name) || strings.IndexByte(name[slash+1:], '/') >= 0 || slash == len(name)-1 ||
		service[0] == '.' || service[slash-1] == '.' || strings.Contains(service, "..")
}

// isPlain reports whether a name has a condition's length and characters.
func isPlain(name string) bool {
	ascii := true
	for i := range len(name) {
		switch b := name[i]; {
		case b == '*' || b == '>' || b <= ' ' || b == 0x7f:
			return false
		case b > 0x7f:
			ascii = false
		}
	}
	if ascii {
		return name != "" && len(name) <= maxName
	}
	return utf8.ValidString(name) && utf8.RuneCountInString(name) <= maxName && !strings.ContainsFunc(name, invisible)
}

// maxName is the longest name of a condition, in characters.
const maxName = 1000

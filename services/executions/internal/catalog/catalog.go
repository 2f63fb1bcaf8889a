// Package catalog tells whether what a condition names is offered by anybody.
// It decides on lists that it is given and does no I/O.
package catalog

import (
	"slices"
	"sort"
	"strings"

	"github.com/actionplane/actionplane/services/executions/internal/condition"
)

// BuiltInFunctions are offered without being announced, in the original's
// order (spec sheet, 2.9).
func BuiltInFunctions() []string {
	return []string{"preuserinfo", "preaccesstoken", "presamlresponse"}
}

// Services returns the services of methods, sorted, each once.
func Services(methods []string) []string {
	var names []string
	for _, m := range methods {
		service, _, _ := strings.Cut(strings.TrimPrefix(m, "/"), "/")
		names = append(names, service)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Functions returns the built-in functions, then the announced ones that are
// not among them.
func Functions(announced []string) []string {
	names := BuiltInFunctions()
	for _, name := range announced {
		if !slices.Contains(names[:3], name) {
			names = append(names, name)
		}
	}
	return names
}

// Offers is what can be listened to.
type Offers struct {
	named  map[string]bool // methods, services and functions
	events []string        // sorted
}

// New returns what is announced, and the built-in functions. The kinds cannot
// be mistaken for each other: a method begins with a slash, and functions are
// kept under theirs.
func New(methods, functions, events []string) Offers {
	o := Offers{named: map[string]bool{}, events: slices.Sorted(slices.Values(events))}
	for _, m := range methods {
		o.named[m] = true
	}
	for _, s := range Services(methods) {
		o.named["service/"+s] = true
	}
	for _, f := range Functions(functions) {
		o.named["function/"+f] = true
	}
	return o
}

// Announced reports whether somebody offers what a valid condition names. A
// condition on all requests, responses or events names nothing, and a group is
// offered with any event below it.
func (o Offers) Announced(c condition.Condition) bool {
	switch {
	case c.Method != "":
		return o.named["/"+strings.TrimPrefix(c.Method, "/")]
	case c.Service != "":
		return o.named["service/"+c.Service]
	case c.Name != "":
		return o.named["function/"+c.Name]
	case c.Event != "":
		_, found := slices.BinarySearch(o.events, c.Event)
		return found
	case c.Group != "":
		below := strings.TrimSuffix(c.Group, ".*") + "."
		i := sort.SearchStrings(o.events, below)
		return i < len(o.events) && strings.HasPrefix(o.events[i], below)
	}
	return true
}

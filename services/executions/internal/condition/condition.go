// Package condition names what an execution waits for, and finds the
// executions that may answer to what happens. It only compares: it does no
// I/O and knows neither targets nor executions.
//
// Names are compared by segment ("user.human" holds "user" and "human"), never
// as string prefixes: the group "user" does not match the event
// "username.changed".
package condition

import "strings"

// Kind is the sort of thing that happens, and the first word of an id.
type Kind string

// The kinds.
const (
	Request  Kind = "request"
	Response Kind = "response"
	Function Kind = "function"
	Event    Kind = "event"
)

// Condition says what an execution waits for. Exactly one of the fields that
// belong to its kind is set: Method, Service or All for requests and
// responses, Name for functions, Event, Group or All for events.
//
// The fields are the wire's, so that a handler can copy them and leave the
// judging to Validate. Two valid conditions mean the same if and only if their
// IDs are equal; constructors and Parse return the canonical spelling, of
// which the same holds for ==.
type Condition struct {
	Kind    Kind
	Method  string // "/pkg.Service/Method"; the leading slash may be missing
	Service string // "pkg.Service"
	Name    string // "preaccesstoken"
	Event   string // "user.human.added"
	Group   string // "user.human", or the same with ".*"
	All     bool
}

// groupSuffix ends the id of every event group.
const groupSuffix = ".*"

// ForMethod is a request or response of one method.
func ForMethod(kind Kind, method string) Condition {
	return Condition{Kind: kind, Method: "/" + strings.TrimPrefix(method, "/")}
}

// ForService is a request or response of any method of a service.
func ForService(kind Kind, service string) Condition {
	return Condition{Kind: kind, Service: service}
}

// ForAll is any request, any response or any event.
func ForAll(kind Kind) Condition { return Condition{Kind: kind, All: true} }

// ForFunction is one function.
func ForFunction(name string) Condition { return Condition{Kind: Function, Name: name} }

// ForEvent is one event type.
func ForEvent(event string) Condition { return Condition{Kind: Event, Event: event} }

// ForGroup is every event type below group, which may carry the suffix ".*".
func ForGroup(group string) Condition {
	name := strings.TrimSuffix(group, groupSuffix)
	if strings.HasSuffix(name, groupSuffix) {
		name = group // twice is a mistake; Validate refuses it only if both are left
	}
	return Condition{Kind: Event, Group: name}
}

// ID returns the wire's id of a valid condition, e.g. "request/pkg.Service/M",
// "event/user.human.*" or "response". Of an invalid one it returns something
// that is no id.
func (c Condition) ID() string {
	if v := c.value(); v != "" {
		return string(c.Kind) + "/" + v
	}
	return string(c.Kind)
}

// value is what follows the kind in the id; empty for all.
func (c Condition) value() string {
	switch {
	case c.Method != "":
		return strings.TrimPrefix(c.Method, "/")
	case c.Service != "":
		return c.Service
	case c.Name != "":
		return c.Name
	case c.Event != "":
		return c.Event
	case c.Group != "":
		return strings.TrimSuffix(c.Group, groupSuffix) + groupSuffix
	default:
		return ""
	}
}

package condition

import "strings"

// Trigger is something that happens: the call of a method, its answer, a
// function, an event.
type Trigger struct {
	Kind Kind
	Name string // "/pkg.Service/Method" (leading slash optional), function name or event type
}

// Validate reports a trigger that nothing could be named after, with the
// errors of the condition that names it exactly.
func (t Trigger) Validate() error { return t.exact().Validate() }

// Problem says what is wrong with the name of the trigger, "" for nothing: what
// Validate says, for whoever knows by another name where it came from.
func (t Trigger) Problem() string {
	switch t.Kind {
	case Function:
		return checkName(t.Name)
	case Event:
		return checkDotted(t.Name)
	default:
		return checkMethod(t.Name)
	}
}

// exact is the condition that names this trigger and nothing else.
func (t Trigger) exact() Condition {
	switch t.Kind {
	case Function:
		return ForFunction(t.Name)
	case Event:
		return ForEvent(t.Name)
	default:
		return Condition{Kind: t.Kind, Method: t.Name}
	}
}

// Candidates returns the ids of all conditions that match a valid trigger,
// best first: method, service, all; event, longest group to shortest, all;
// a function by its name alone. Whichever exists first wins alone.
func Candidates(t Trigger) []string {
	switch t.Kind {
	case Request, Response:
		return callCandidates(t)
	case Event:
		return eventCandidates(t)
	default:
		return []string{t.exact().ID()}
	}
}

// callCandidates cuts one id, so that a look-up on a hot path allocates it
// and the slice and nothing else.
func callCandidates(t Trigger) []string {
	id := string(t.Kind) + "/" + strings.TrimPrefix(t.Name, "/")
	return []string{id, id[:strings.LastIndexByte(id, '/')], string(t.Kind)}
}

func eventCandidates(t Trigger) []string {
	id := string(Event) + "/" + t.Name
	ids := make([]string, 1, 2+strings.Count(t.Name, "."))
	ids[0] = id
	for end := strings.LastIndexByte(id, '.'); end >= 0; end = strings.LastIndexByte(id[:end], '.') {
		ids = append(ids, id[:end]+groupSuffix)
	}
	return append(ids, string(Event))
}

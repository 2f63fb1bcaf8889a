package action

import (
	"time"

	"github.com/actionplane/actionplane/libs/fault"
)

// State says whether an action runs. An inactive one stays bound to its flows
// and is skipped there.
type State string

// The states. The original numbers them one way on the wire and the other way
// in its store (sheet, 0.8); words cannot be mixed up.
const (
	Active   State = "active"
	Inactive State = "inactive"
)

// Event is what moves an action from state to state.
type Event string

// The events.
const (
	Deactivate Event = "deactivate"
	Reactivate Event = "reactivate"
)

// move is where an event leads from, where to, and what is said when the action
// is not there.
type move struct {
	from, to State
	refused  error
}

// moves holds every legal step.
var moves = map[Event]move{
	Deactivate: {from: Active, to: Inactive, refused: ErrNotActive},
	Reactivate: {from: Inactive, to: Active, refused: ErrNotInactive},
}

// Apply returns the action after an event, or the event's refusal where the
// action's state does not allow it.
func (a Action) Apply(e Event, now time.Time) (Action, error) {
	m, known := moves[e]
	switch {
	case !known:
		return a, fault.Internal("an action cannot %s", e)
	case a.State != m.from:
		return a, m.refused
	}
	a.State = m.to
	return a.changed(now), nil
}

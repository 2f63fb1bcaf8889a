// Package flow is which actions of an organization run where: the flows, their
// triggers, and the ordered actions of each. It does no I/O.
package flow

import (
	"maps"
	"slices"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// What can be wrong with a change of a flow, with the wire's ids and English
// texts (sheet, 4.4).
var (
	ErrWrongTrigger      = fault.Invalid("TriggerType is invalid").WithID("COMMAND-Dfgh6")
	ErrNoChanges         = fault.FailedPrecondition("No Changes").WithID("COMMAND-Nfh52")
	ErrActionIDsNotExist = fault.FailedPrecondition("ActionIDs do not exist").WithID("COMMAND-dg422")
	ErrEmpty             = fault.FailedPrecondition("Flow is already empty").WithID("COMMAND-DgGh3")
	ErrSetTypeMissing    = fault.Invalid("FlowType missing").WithID("COMMAND-Dfhj5")
	ErrClearTypeMissing  = fault.Invalid("FlowType missing").WithID("COMMAND-Dfw2h")
	ErrNoType            = fault.NotFound("Flow type not found").WithID("MANAG-P2OBk")
	// ErrManyActions is ours: the original knows no limit.
	ErrManyActions = fault.Invalid("a trigger may not have as many actions").WithID("ACTIONS-m4ny4ct10ns")
)

// Flow is one organization's flow of a type. Every organization has all of
// them, empty ones that were never touched with Sequence 0.
type Flow struct {
	Type     Type
	Bindings map[Trigger][]action.ID // in the order they run; no empty lists
	Sequence uint64                  // of its changes, from 1
	Created  time.Time               // when it was first touched
	Changed  time.Time
}

// Check says whether a flow of type t has that trigger.
func Check(t Type, trigger Trigger) error {
	switch {
	case t == Unspecified:
		return ErrSetTypeMissing
	case !slices.Contains(t.Triggers(), trigger):
		return ErrWrongTrigger
	}
	return nil
}

// Set returns the flow with ids, in that order, as the actions of one of its
// triggers; none empties it. existing are those of ids that exist in the flow's
// organization, each once. An id that is given twice is refused.
func (f Flow) Set(trigger Trigger, ids, existing []action.ID, now time.Time) (Flow, error) {
	switch {
	case slices.Equal(f.Bindings[trigger], ids):
		return f, ErrNoChanges
	case len(existing) != len(ids): // the original counts too, which is what refuses duplicates
		return f, ErrActionIDsNotExist
	}
	f.Bindings = maps.Clone(f.Bindings)
	if f.Bindings == nil {
		f.Bindings = map[Trigger][]action.ID{}
	}
	if f.Bindings[trigger] = slices.Clone(ids); len(ids) == 0 {
		delete(f.Bindings, trigger)
	}
	return f.changed(now), nil
}

// Clear returns the flow without any actions.
func (f Flow) Clear(now time.Time) (Flow, error) {
	if len(f.Bindings) == 0 {
		return f, ErrEmpty
	}
	f.Bindings = nil
	return f.changed(now), nil
}

// changed returns the flow as one that was changed now.
func (f Flow) changed(now time.Time) Flow {
	if f.Sequence == 0 {
		f.Created = now
	}
	f.Sequence++
	f.Changed = now
	return f
}

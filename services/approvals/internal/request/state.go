// Package request decides what becomes of an approval request: which states
// follow which, who may decide about it, whose approvals count, and when that
// is enough. It does no I/O and knows no clock.
package request

import "slices"

// State is where a request stands.
type State string

// The states. All but Pending are final.
const (
	Pending      State = "pending"
	Approved     State = "approved"
	Denied       State = "denied"
	Expired      State = "expired"
	Canceled     State = "canceled"
	AutoApproved State = "auto_approved"
)

// ExecutionState is where the execution of an approved request stands. Empty:
// there is nothing to execute.
type ExecutionState string

// The states of an execution. Executed, Stale and Abandoned are final.
const (
	Queued    ExecutionState = "queued"
	Executing ExecutionState = "executing"
	Executed  ExecutionState = "executed"
	Failed    ExecutionState = "failed"
	Stale     ExecutionState = "stale"
	Abandoned ExecutionState = "abandoned"
)

// ResolutionBreakGlass marks a request that one instance owner approved alone.
const ResolutionBreakGlass = "break_glass"

// follows is the machine of a request.
var follows = map[State][]State{
	Pending: {Approved, Denied, Expired, Canceled},
}

// executionFollows is the machine of an execution. Executing follows itself
// when a lease ran out.
var executionFollows = map[ExecutionState][]ExecutionState{
	Queued:    {Executing},
	Executing: {Executing, Executed, Failed, Stale},
	Failed:    {Queued, Abandoned},
}

// To reports whether a request may go from s to next.
func (s State) To(next State) bool { return slices.Contains(follows[s], next) }

// Final reports whether nothing follows s.
func (s State) Final() bool { return len(follows[s]) == 0 }

// Runs reports whether a request in s may have an execution.
func (s State) Runs() bool { return s == Approved || s == AutoApproved }

// To reports whether an execution may go from s to next.
func (s ExecutionState) To(next ExecutionState) bool {
	return slices.Contains(executionFollows[s], next)
}

// Status is what the admin-action API calls s: it knows no canceled.
func (s State) Status() string {
	if s == Canceled {
		return string(Denied)
	}
	return string(s)
}

// StatesOf returns the states that the admin-action API calls by a status.
func StatesOf(status string) []State {
	if status == string(Denied) {
		return []State{Denied, Canceled}
	}
	return []State{State(status)}
}

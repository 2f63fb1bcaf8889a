package approval

import (
	"github.com/actionplane/actionplane/libs/fault"
)

// Reasons of refusals that both sides of the door know.
const (
	// ReasonRequired: the change waits for other people; the error's id is the
	// request's.
	ReasonRequired = "APPROVAL_REQUIRED"
	// ReasonApplied: the approved change was made already.
	ReasonApplied = "ALREADY_APPLIED"
	// ReasonDrift: what the change is about is not what it was when the change
	// was asked for.
	ReasonDrift = "STATE_DRIFT"
	// ReasonNotExecuting: no such request is being executed by this call.
	ReasonNotExecuting = "NOT_EXECUTING"
	// ReasonNotGated: the organization requires no approvals (any more).
	ReasonNotGated = "NOT_GATED"
)

// queued answers a call whose change waits: HTTP 202 with the request on REST,
// FAILED_PRECONDITION with its id elsewhere.
func queued(requestID, message string, answer []byte) error {
	return fault.FailedPrecondition("%s", message).WithID(requestID).WithReason(ReasonRequired).
		WithStatus(202).WithAnswer(answer)
}

func applied() error {
	return fault.Conflict("the approved change was made already").WithReason(ReasonApplied)
}

func drifted() error {
	return fault.Conflict("what the change is about has changed since it was asked for").WithReason(ReasonDrift)
}

// hasReason reports whether err is a fault with a reason.
func hasReason(err error, reason string) bool {
	f, ok := fault.As(err)
	return ok && f.Reason == reason
}

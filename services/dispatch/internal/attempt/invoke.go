package attempt

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/envelope"
)

// idFailed is the wire's error id of a target that failed without saying how.
const idFailed = "EXEC-dra6yamk98"

// invoke makes a try by a JavaScript action. Its input is the very body that a
// target on the network would get, its output what one would answer.
func (m *Maker) invoke(ctx context.Context, actionID string, req Request) (Result, error) {
	ctx, cancel := context.WithDeadline(ctx, req.deadline)
	defer cancel()
	out, err := m.scripts.Invoke(ctx, &scriptsv1.InvokeRequest{ActionId: actionID, Input: req.Body, RunId: req.Run.String()})
	if err != nil {
		return notInvoked(req.Step.Called(), actionID, err)
	}
	return scriptResult(req.Step.Called(), out), nil
}

func scriptResult(who string, out *scriptsv1.InvokeResponse) Result {
	if v := out.GetVeto(); v != nil {
		return Result{Transport: delivery.Answered, Refused: true, Err: envelope.Refusal(who, int(v.GetCode()), v.GetReason())}
	}
	if e := out.GetError(); e != nil {
		if e.GetTimeout() {
			return failed(delivery.TimedOut, fault.Deadline("%s: the script overran its time: %s", who, e.GetMessage()))
		}
		return failed(delivery.BrokenAnswer, fault.FailedPrecondition("%s: the script threw: %s", who, e.GetMessage()).WithID(idFailed))
	}
	return Result{Transport: delivery.Answered, Answer: out.GetOutput(), Whole: true}
}

// notInvoked reads the error of the scripts service. An action that is not
// there never will be again, for ids are not reused; one that is switched off
// may be switched on.
func notInvoked(who, actionID string, err error) (Result, error) {
	switch fault.CodeOf(err) {
	case fault.CodeUnavailable, fault.CodeCanceled:
		return Result{}, err
	case fault.CodeDeadline:
		return failed(delivery.TimedOut, fault.Deadline("%s: its action was not run in time", who).Because(err)), nil
	case fault.CodeNotFound, fault.CodeInvalid:
		return failed(delivery.InvalidEndpoint, fault.FailedPrecondition("%s: there is no action %s", who, actionID).WithID(idFailed).Because(err)), nil
	}
	return failed(delivery.BrokenAnswer, fault.FailedPrecondition("%s: action %s cannot be run", who, actionID).WithID(idFailed).Because(err)), nil
}

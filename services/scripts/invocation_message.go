package scripts

import (
	"strings"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/scripts/internal/flow"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/journal"
)

// results are what invocations come to, on the wire.
var results = map[journal.Outcome]actionplanev1.InvocationResult{
	journal.Succeeded: actionplanev1.InvocationResult_INVOCATION_RESULT_SUCCEEDED,
	journal.Failed:    actionplanev1.InvocationResult_INVOCATION_RESULT_FAILED,
	journal.Denied:    actionplanev1.InvocationResult_INVOCATION_RESULT_DENIED,
	journal.TimedOut:  actionplanev1.InvocationResult_INVOCATION_RESULT_TIMED_OUT,
	journal.Killed:    actionplanev1.InvocationResult_INVOCATION_RESULT_KILLED,
}

// outcomeOf reads a result of the wire; "" for none.
func outcomeOf(m actionplanev1.InvocationResult) journal.Outcome {
	for outcome, wire := range results {
		if wire == m {
			return outcome
		}
	}
	return ""
}

func invocationMessage(e journal.Entry) *actionplanev1.Invocation {
	return &actionplanev1.Invocation{
		Id: e.ID.String(), OrganizationId: e.Organization, ActionId: e.ActionID, ActionName: e.ActionName, Version: e.Version,
		Flow: flow.ID(e.Trigger.Flow), Trigger: flow.ID(e.Trigger.Type), RunId: e.RunID,
		StartedAt: timestamppb.New(e.Started), Duration: durationpb.New(e.Duration), Cpu: durationpb.New(e.CPU), PeakMemory: e.PeakMemory,
		Result: results[e.Outcome], Error: errorMessage(e.Failure), AllowedToFail: e.AllowedToFail,
		Logs: logMessages(e.Logs), LogsTruncated: e.LogsTruncated, Calls: callMessages(e.Calls),
	}
}

func errorMessage(f journal.Failure) *actionplanev1.InvocationError {
	if f == (journal.Failure{}) {
		return nil
	}
	return &actionplanev1.InvocationError{Message: f.Message, Line: uint32(f.Line), Column: uint32(f.Column), Kind: f.Kind}
}

func logMessages(logs []invocation.LogEntry) []*actionplanev1.InvocationLog {
	out := make([]*actionplanev1.InvocationLog, len(logs))
	for i, l := range logs {
		out[i] = &actionplanev1.InvocationLog{Time: timestamppb.New(l.Time), Level: strings.ToLower(l.Level.String()), Message: l.Message}
	}
	return out
}

func callMessages(calls []invocation.Call) []*actionplanev1.InvocationCall {
	out := make([]*actionplanev1.InvocationCall, len(calls))
	for i, c := range calls {
		out[i] = &actionplanev1.InvocationCall{
			StartedAt: timestamppb.New(c.Start), Method: c.Method, Url: c.URL, StatusCode: uint32(c.Status), Duration: durationpb.New(c.Duration),
			Sent: int64(c.Sent), Received: int64(c.Received), Error: c.Error,
		}
	}
	return out
}

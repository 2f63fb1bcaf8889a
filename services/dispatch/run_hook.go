package dispatch

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/envelope"
	"github.com/actionplane/actionplane/services/dispatch/internal/hook"
	"github.com/actionplane/actionplane/services/dispatch/internal/meter"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// RunHook runs a chain and answers the caller of the hook. The run is
// recorded beside it.
func (s *Service) RunHook(ctx context.Context, in *dispatchv1.RunHookCommand) (*hooksv1.RunHookResponse, error) {
	start := time.Now()
	r, h, err := hookOf(string(tenant.From(ctx).Tenant), in)
	if err != nil {
		return nil, err
	}
	describeRun(ctx, &r)
	out := s.hooks.Run(ctx, h)
	r.CreatedAt, r.Duration, r.Steps = start, time.Since(start), out.Steps
	if out.Err != nil {
		r.Error = text(out.Err)
	}
	s.meters.HookRan(ctx, meter.Hook{
		Run: r, Steps: h.Steps, Err: out.Err, Sent: len(h.Message.Start()), Received: len(out.Payload),
	})
	s.recorder.Record(r)
	if out.Err != nil {
		return nil, out.Err
	}
	return &hooksv1.RunHookResponse{
		RunId: in.GetRunId(), Condition: in.GetChain().GetCondition(), Payload: out.Payload, Steps: stepResults(out.Steps, h.Explain),
	}, nil
}

// text is what the caller is told.
func text(err error) string {
	if e, ok := fault.As(err); ok {
		return e.Text()
	}
	return err.Error()
}

// hookOf reads the command.
func hookOf(tenantID string, in *dispatchv1.RunHookCommand) (run.Run, hook.Hook, error) {
	id, err := run.ParseID(in.GetRunId())
	if err != nil {
		return run.Run{}, hook.Hook{}, err
	}
	steps, err := stepsOf(in.GetChain())
	if err != nil {
		return run.Run{}, hook.Hook{}, err
	}
	r := run.Run{ID: id, Tenant: tenantID, Condition: in.GetChain().GetCondition()}
	h := hook.Hook{Run: id, Tenant: tenantID, Steps: steps}
	switch t := in.GetTrigger().(type) {
	case *dispatchv1.RunHookCommand_Request:
		r.TriggerKind, r.TriggerName, h.Explain = run.TriggerRequest, t.Request.GetMethod(), t.Request.GetExplain()
		h.Message, err = requestOf(tenantID, t.Request)
	case *dispatchv1.RunHookCommand_Response:
		r.TriggerKind, r.TriggerName, h.Explain = run.TriggerResponse, t.Response.GetMethod(), t.Response.GetExplain()
		h.Message, err = responseOf(tenantID, t.Response)
	case *dispatchv1.RunHookCommand_Function:
		r.TriggerKind, r.TriggerName, h.Explain = run.TriggerFunction, t.Function.GetFunction(), t.Function.GetExplain()
		h.Message, err = functionOf(t.Function)
	default:
		err = fault.Invalid("trigger: is missing")
	}
	return r, h, err
}

func requestOf(tenantID string, in *hooksv1.RunRequestHookRequest) (hook.Message, error) {
	return hook.Request{Call: envelope.Call{
		FullMethod: in.GetMethod(), Caller: callerOf(tenantID, in.GetCaller()), Request: in.GetPayload(), Headers: headersOf(in.GetHeaders()),
	}}, envelope.CheckObject("payload", in.GetPayload())
}

func responseOf(tenantID string, in *hooksv1.RunResponseHookRequest) (hook.Message, error) {
	if err := envelope.CheckObject("request", in.GetRequest()); err != nil {
		return nil, err
	}
	return hook.Response{Call: envelope.Call{
		FullMethod: in.GetMethod(), Caller: callerOf(tenantID, in.GetCaller()),
		Request: in.GetRequest(), Response: in.GetPayload(), Headers: headersOf(in.GetHeaders()),
	}}, envelope.CheckObject("payload", in.GetPayload())
}

func functionOf(in *hooksv1.RunFunctionHookRequest) (hook.Message, error) {
	return hook.Function{Function: envelope.Function{Name: in.GetFunction(), Context: in.GetPayload()}},
		envelope.CheckObject("payload", in.GetPayload())
}

func callerOf(tenantID string, c *hooksv1.Caller) envelope.Caller {
	return envelope.Caller{InstanceID: tenantID, OrgID: c.GetOrganizationId(), ProjectID: c.GetProjectId(), UserID: c.GetUserId()}
}

func headersOf(in map[string]*hooksv1.HeaderValues) []envelope.Header {
	headers := make([]envelope.Header, 0, len(in))
	for name, values := range in {
		headers = append(headers, envelope.Header{Name: name, Values: values.GetValues()})
	}
	slices.SortFunc(headers, func(a, b envelope.Header) int { // the same body for the same call
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return headers
}

// outcomes are the outcomes of steps on the wire.
var outcomes = map[run.Outcome]hooksv1.StepOutcome{
	run.Succeeded:   hooksv1.StepOutcome_STEP_OUTCOME_SUCCEEDED,
	run.PassedOver:  hooksv1.StepOutcome_STEP_OUTCOME_FAILED,
	run.Interrupted: hooksv1.StepOutcome_STEP_OUTCOME_INTERRUPTED,
	run.Queued:      hooksv1.StepOutcome_STEP_OUTCOME_QUEUED,
}

// stepResults tells what steps did; with their patches, which have to be worked
// out, where those are wanted.
func stepResults(steps []run.StepResult, patches bool) []*hooksv1.StepResult {
	out := make([]*hooksv1.StepResult, len(steps))
	for i, r := range steps {
		out[i] = &hooksv1.StepResult{
			Position: uint32(r.Position), TargetId: r.TargetID, TargetName: r.TargetName, Outcome: outcomes[r.Outcome],
			StatusCode: uint32(r.Status), Error: r.Error, Duration: durationpb.New(r.Duration), Changed: r.Changed,
			PayloadBefore: r.Before, PayloadAfter: r.After,
		}
		if patches {
			out[i].JsonPatch = r.Patch.Patch()
		}
	}
	return out
}

package executions

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/tenant"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
)

// RunRequestHook resolves the request of a method.
func (s *Service) RunRequestHook(ctx context.Context, in *hooksv1.RunRequestHookRequest) (*hooksv1.RunHookResponse, error) {
	return s.runHook(ctx, condition.Trigger{Kind: condition.Request, Name: in.GetMethod()}, in.GetDeadline(), in.GetPayload(),
		&dispatchv1.RunHookCommand{Trigger: &dispatchv1.RunHookCommand_Request{Request: in}})
}

// RunResponseHook resolves the response of a method.
func (s *Service) RunResponseHook(ctx context.Context, in *hooksv1.RunResponseHookRequest) (*hooksv1.RunHookResponse, error) {
	return s.runHook(ctx, condition.Trigger{Kind: condition.Response, Name: in.GetMethod()}, in.GetDeadline(), in.GetPayload(),
		&dispatchv1.RunHookCommand{Trigger: &dispatchv1.RunHookCommand_Response{Response: in}})
}

// RunFunctionHook resolves a function.
func (s *Service) RunFunctionHook(ctx context.Context, in *hooksv1.RunFunctionHookRequest) (*hooksv1.RunHookResponse, error) {
	return s.runHook(ctx, condition.Trigger{Kind: condition.Function, Name: in.GetFunction()}, in.GetDeadline(), nil,
		&dispatchv1.RunHookCommand{Trigger: &dispatchv1.RunHookCommand_Function{Function: in}})
}

// runHook answers at once where there is nothing to run. Otherwise it hands
// the call on to dispatch, which answers the caller itself. The function
// hook's unchanged answer is empty: targets add to it.
func (s *Service) runHook(ctx context.Context, t condition.Trigger, allowed *durationpb.Duration, unchanged []byte, cmd *dispatchv1.RunHookCommand) (*hooksv1.RunHookResponse, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	chain, err := s.resolve(ctx, string(tenant.From(ctx).Tenant), t, 1)
	if err != nil {
		return nil, err
	}
	if len(chain.GetSteps()) == 0 {
		return &hooksv1.RunHookResponse{Condition: chain.GetCondition(), Payload: unchanged}, nil
	}
	if d := allowed.AsDuration(); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, min(d, maxHook))
		defer cancel()
	}
	cmd.RunId, cmd.Chain = s.ids.Next(), chain
	return nil, s.bus.Forward(ctx, &dispatchv1.DispatchRunHook, cmd)
}

// maxHook is the longest that a hook may ask for.
const maxHook = 270 * time.Second

package executions

import (
	"context"

	"google.golang.org/protobuf/proto"

	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	actionv2beta "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2beta"
)

// actionV2Beta serves zitadel.action.v2beta.ActionService, whose calls on
// executions are those of v2, to the number of every field.
type actionV2Beta struct{ v2 actionV2 }

// SetExecution is v2's.
func (a actionV2Beta) SetExecution(ctx context.Context, in *actionv2beta.SetExecutionRequest) (*actionv2beta.SetExecutionResponse, error) {
	return through(ctx, in, new(actionv2.SetExecutionRequest), a.v2.SetExecution, new(actionv2beta.SetExecutionResponse))
}

// ListExecutions is v2's.
func (a actionV2Beta) ListExecutions(ctx context.Context, in *actionv2beta.ListExecutionsRequest) (*actionv2beta.ListExecutionsResponse, error) {
	return through(ctx, in, new(actionv2.ListExecutionsRequest), a.v2.ListExecutions, new(actionv2beta.ListExecutionsResponse))
}

// ListExecutionFunctions is v2's.
func (a actionV2Beta) ListExecutionFunctions(ctx context.Context, in *actionv2beta.ListExecutionFunctionsRequest) (*actionv2beta.ListExecutionFunctionsResponse, error) {
	return through(ctx, in, new(actionv2.ListExecutionFunctionsRequest), a.v2.ListExecutionFunctions, new(actionv2beta.ListExecutionFunctionsResponse))
}

// ListExecutionMethods is v2's.
func (a actionV2Beta) ListExecutionMethods(ctx context.Context, in *actionv2beta.ListExecutionMethodsRequest) (*actionv2beta.ListExecutionMethodsResponse, error) {
	return through(ctx, in, new(actionv2.ListExecutionMethodsRequest), a.v2.ListExecutionMethods, new(actionv2beta.ListExecutionMethodsResponse))
}

// ListExecutionServices is v2's.
func (a actionV2Beta) ListExecutionServices(ctx context.Context, in *actionv2beta.ListExecutionServicesRequest) (*actionv2beta.ListExecutionServicesResponse, error) {
	return through(ctx, in, new(actionv2.ListExecutionServicesRequest), a.v2.ListExecutionServices, new(actionv2beta.ListExecutionServicesResponse))
}

// through makes another version's call of one, and of its answer this
// version's.
func through[In, Asked, Answered, Out proto.Message](ctx context.Context, in In, asked Asked, call func(context.Context, Asked) (Answered, error), out Out) (Out, error) {
	if err := reread(in, asked); err != nil {
		return out, err
	}
	answered, err := call(ctx, asked)
	if err != nil {
		return out, err
	}
	return out, reread(answered, out)
}

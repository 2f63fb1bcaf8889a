package scripts

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	flowsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/flows/v1"
	"github.com/actionplane/actionplane/services/scripts/internal/flow"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// maxRun is the longest that a caller may ask for.
const maxRun = 270 * time.Second

// RunTrigger runs the actions of a trigger and answers what they want changed.
// MANAG-P2OBk, COMMAND-Dfgh6, SCRIPTS-f41l3d, or an action's refusal.
func (s *Service) RunTrigger(ctx context.Context, in *flowsv1.RunTriggerRequest) (*flowsv1.RunTriggerResponse, error) {
	trigger, err := flow.ParseTrigger(in.GetFlow(), in.GetTrigger())
	if err != nil {
		return nil, err
	}
	input, err := object("context", in.GetContext())
	if err != nil {
		return nil, err
	}
	organization := cmp.Or(in.GetOrganizationId(), string(tenant.From(ctx).Organization))
	if organization == "" {
		return nil, fault.Invalid("organizationId: is missing")
	}
	programs, err := s.library.trigger(ctx, organization, trigger)
	if err != nil {
		return nil, err
	}
	if d := in.GetDeadline().AsDuration(); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, min(d, maxRun))
		defer cancel()
	}
	ctx, cancel := reserve(ctx)
	defer cancel()
	return s.runTrigger(ctx, programs, call{trigger: trigger, input: input})
}

// runTrigger runs programs, one after the other.
func (s *Service) runTrigger(ctx context.Context, programs []program, c call) (*flowsv1.RunTriggerResponse, error) {
	if len(programs) == 0 {
		return &flowsv1.RunTriggerResponse{}, nil
	}
	c.runID = s.ids.Next()
	actions := make([]flow.Action, len(programs))
	for i, p := range programs {
		actions[i] = flow.Action{ID: p.GetActionId(), Name: p.GetName(), AllowedToFail: p.GetAllowedToFail(), Active: p.GetActive()}
	}
	steps, changes, err := flow.Run(ctx, actions, func(ctx context.Context, i int, changes json.RawMessage) (string, invocation.Result, error) {
		c.changes = changes
		id, result, err := s.call(ctx, programs[i], c)
		return id.String(), result, err
	})
	if err != nil {
		return nil, err
	}
	out := &flowsv1.RunTriggerResponse{RunId: c.runID}
	if out.Changes, err = changesMessage(changes); err != nil {
		return nil, err
	}
	for i, step := range steps {
		out.Actions = append(out.Actions, actionResult(actions[i], step))
	}
	return out, nil
}

// outcomes are what becomes of actions, on the wire.
var outcomes = map[flow.Outcome]flowsv1.ActionOutcome{
	flow.Succeeded: flowsv1.ActionOutcome_ACTION_OUTCOME_SUCCEEDED,
	flow.Failed:    flowsv1.ActionOutcome_ACTION_OUTCOME_FAILED,
	flow.Skipped:   flowsv1.ActionOutcome_ACTION_OUTCOME_SKIPPED,
}

func actionResult(a flow.Action, step flow.Step) *flowsv1.ActionResult {
	out := &flowsv1.ActionResult{ActionId: a.ID, ActionName: a.Name, Outcome: outcomes[step.Outcome], InvocationId: step.Invocation}
	if step.Outcome != flow.Skipped {
		out.Duration = durationpb.New(step.Result.Duration)
	}
	if step.Result.Error != nil {
		out.Error = step.Result.Error.Message
	}
	return out
}

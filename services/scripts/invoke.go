package scripts

import (
	"context"
	"strings"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// Invoke runs an action once, as a target of an execution.
func (s *Service) Invoke(ctx context.Context, in *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
	key := programKey{tenant: string(tenant.From(ctx).Tenant), action: in.GetActionId()}
	program, err := s.programs.GetOrLoad(ctx, key, s.loadProgram)
	if err != nil {
		return nil, err
	}
	if !program.GetActive() {
		return &scriptsv1.InvokeResponse{}, nil // skipped, as flows skip inactive actions
	}
	result, err := s.pool.Invoke(ctx, invocation.Request{
		Tenant: key.tenant, ActionID: in.GetActionId(), Name: program.GetName(), Source: program.GetScript(),
		Style: invocation.StyleTarget, Input: in.GetInput(), Timeout: program.GetTimeout().AsDuration(), AllowHTTP: true,
	})
	if err != nil {
		return nil, err
	}
	if result.Error != nil && program.GetAllowedToFail() {
		s.log.WarnContext(ctx, "script.failed", "action", in.GetActionId(), "run", in.GetRunId(), "error", result.Error)
		result = invocation.Result{Logs: result.Logs, Duration: result.Duration}
	}
	return responseFrom(result), nil
}

func (s *Service) loadProgram(ctx context.Context, key programKey) (*actionsv1.GetProgramResponse, error) {
	program, err := s.actions.GetProgram(ctx, &actionsv1.GetProgramRequest{ActionId: key.action})
	if fault.CodeOf(err) == fault.CodeNotFound {
		return nil, fault.NotFound("action %s does not exist", key.action)
	}
	return program, err
}

func responseFrom(r invocation.Result) *scriptsv1.InvokeResponse {
	out := &scriptsv1.InvokeResponse{Output: r.Output, Duration: durationpb.New(r.Duration)}
	if r.Error != nil {
		out.Error = &scriptsv1.ScriptError{Message: r.Error.Message, Timeout: r.Error.Kind == invocation.KindTimeout}
	}
	if r.Veto != nil {
		out.Veto = &scriptsv1.Veto{Reason: r.Veto.Reason, Code: uint32(r.Veto.Code)}
	}
	for _, l := range r.Logs {
		out.Logs = append(out.Logs, &scriptsv1.LogLine{Level: strings.ToLower(l.Level.String()), Message: l.Message})
	}
	return out
}

package scripts

import (
	"context"
	"strings"

	"google.golang.org/protobuf/types/known/durationpb"

	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// Invoke runs an action once, as a target of an execution. An inactive one is
// skipped, as flows skip inactive actions.
func (s *Service) Invoke(ctx context.Context, in *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
	p, err := s.library.program(ctx, in.GetActionId())
	if err != nil {
		return nil, err
	}
	if !p.GetActive() {
		return &scriptsv1.InvokeResponse{}, nil
	}
	ctx, cancel := reserve(ctx)
	defer cancel()
	id, result, err := s.call(ctx, p, call{input: in.GetInput(), runID: in.GetRunId()})
	if err != nil {
		return nil, err
	}
	if result.Error != nil && p.GetAllowedToFail() {
		result.Error, result.Output = nil, nil
	}
	out := invokeResponse(result)
	out.InvocationId = id.String()
	return out, nil
}

func invokeResponse(r invocation.Result) *scriptsv1.InvokeResponse {
	out := &scriptsv1.InvokeResponse{
		Output: r.Output, Duration: durationpb.New(r.Duration), Cpu: durationpb.New(r.CPU), PeakMemory: r.PeakMemory,
	}
	if e := r.Error; e != nil {
		out.Error = &scriptsv1.ScriptError{
			Message: e.Message, Timeout: e.Kind == invocation.KindTimeout, Line: uint32(e.Line), Column: uint32(e.Column),
		}
	}
	if r.Veto != nil {
		out.Veto = &scriptsv1.Veto{Reason: r.Veto.Reason, Code: uint32(r.Veto.Code)}
	}
	for _, l := range r.Logs {
		out.Logs = append(out.Logs, &scriptsv1.LogLine{Level: strings.ToLower(l.Level.String()), Message: l.Message})
	}
	return out
}

package scripts

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/scripts/internal/flow"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/journal"
)

// DryRunAction runs an action of the caller's organization on a made-up input.
// It makes no outgoing calls, is not recorded, and never sees a true secret:
// what it answers shows whatever the script makes of them.
func (s *Service) DryRunAction(ctx context.Context, in *actionplanev1.DryRunActionRequest) (*actionplanev1.DryRunActionResponse, error) {
	c, err := dryCall(in)
	if err != nil {
		return nil, err
	}
	p, err := s.library.version(ctx, in.GetId(), in.GetVersion())
	if err != nil {
		return nil, err
	}
	if p.GetOrganizationId() != string(tenant.From(ctx).Organization) {
		return nil, fault.NotFound("Action not found").WithID("QUERY-GEfnb")
	}
	ctx, cancel := reserve(ctx)
	defer cancel()
	r := dryRequest(string(tenant.From(ctx).Tenant), p, c, in)
	warnings, err := s.pool.Check(ctx, r.Tenant, r.Name, r.Source)
	if err != nil {
		return nil, err
	}
	result, err := s.pool.Invoke(ctx, r)
	if err != nil {
		return nil, err
	}
	out, err := dryRunMessage(result, warnings)
	if err == nil && in.GetScript() == "" {
		out.Version = p.GetVersion()
	}
	return out, err
}

// dryCall reads what the action is called with.
func dryCall(in *actionplanev1.DryRunActionRequest) (c call, err error) {
	if in.GetFlow() != "" || in.GetTrigger() != "" {
		if c.trigger, err = flow.ParseTrigger(in.GetFlow(), in.GetTrigger()); err != nil {
			return c, err
		}
	}
	c.input, err = object("input", in.GetInput())
	return c, err
}

// dryRequest returns the invocation of p with what in has in place of it.
func dryRequest(tenantID string, p program, c call, in *actionplanev1.DryRunActionRequest) invocation.Request {
	r := c.request(tenantID, p)
	r.AllowHTTP, r.Secrets = false, standIns(p, in.GetSecrets())
	r.Name = cmp.Or(in.GetName(), r.Name)
	if in.GetScript() != "" {
		r.Source, r.Hash = in.GetScript(), invocation.Hash{}
	}
	return r
}

// standIns returns values for the secrets of p: those that are given, and
// "[secret NAME]".
func standIns(p program, given map[string]string) invocation.Secrets {
	secrets := make(invocation.Secrets, len(p.GetSecrets())+len(given))
	for name := range p.GetSecrets() {
		secrets[name] = "[secret " + name + "]"
	}
	for name, value := range given {
		secrets[name] = value
	}
	return secrets
}

func dryRunMessage(r invocation.Result, warnings []invocation.Warning) (*actionplanev1.DryRunActionResponse, error) {
	changes, err := changesMessage(r.Changes)
	if err != nil {
		return nil, err
	}
	out := &actionplanev1.DryRunActionResponse{
		Result: results[journal.OutcomeOf(r)], Error: errorMessage(journal.FailureOf(r)), Output: r.Output, Changes: changes,
		Logs: logMessages(r.Logs), LogsTruncated: r.LogsTruncated, Calls: callMessages(r.Calls),
		Duration: durationpb.New(r.Duration), Cpu: durationpb.New(r.CPU), PeakMemory: r.PeakMemory,
	}
	for _, w := range warnings {
		severity := actionplanev1.WarningSeverity_WARNING_SEVERITY_WARNING
		if w.Severe {
			severity = actionplanev1.WarningSeverity_WARNING_SEVERITY_ERROR
		}
		out.Warnings = append(out.Warnings, &actionplanev1.ScriptWarning{
			Severity: severity, Message: w.Message, Line: uint32(w.Line), Column: uint32(w.Column),
		})
	}
	return out, nil
}

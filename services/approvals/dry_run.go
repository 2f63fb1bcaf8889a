package approvals

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/settings"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// DryRun says whether a call of the caller's would wait for approval, and who
// could give it.
func (h *handlers) DryRun(ctx context.Context, in *actionplanev1.DryRunRequest) (*actionplanev1.DryRunResponse, error) {
	who := tenant.From(ctx)
	if err := sees(who, in.GetOrganizationId()); err != nil {
		return nil, err
	}
	category, displayName, err := h.gateOf(ctx, who, in)
	if err != nil {
		return nil, err
	}
	current, err := h.effectiveSettings(ctx, who)
	if err != nil {
		return nil, err
	}
	out := &actionplanev1.DryRunResponse{
		Gated: new(category != "" && current.Enabled), RequiredApprovals: &current.RequiredApprovals, TtlHours: new(current.TTLHours()),
		Category: optional(category), DisplayName: optional(displayName),
	}
	reviewers, err := h.reviewers(ctx, who)
	if err != nil {
		return nil, err
	}
	submitter, err := h.people(ctx, who, string(who.Person))
	if err != nil {
		return nil, err
	}
	submitted := store.Request{State: request.Pending, SubmittedBy: store.Person{ID: string(who.Person)}}
	v := view{who: who, people: submitter}
	v.now = submitted.ExpiresAt.Add(-1)
	out.EligibleReviewers = v.eligible(submitted, reviewers)
	out.Reachable = new(len(out.EligibleReviewers) >= int(current.RequiredApprovals))
	return out, nil
}

// gateOf returns what a method or a type asks approval for; "" where it never
// does.
func (h *handlers) gateOf(ctx context.Context, who tenant.Identity, in *actionplanev1.DryRunRequest) (category, displayName string, err error) {
	if in.GetMethod() == "" {
		t, err := h.actionType(ctx, who.Tenant, in.GetActionType())
		return t.Category, t.DisplayName, err
	}
	for _, m := range gatedMethods() {
		if m.FullName == in.GetMethod() {
			return m.Gate.Category, m.Gate.DisplayName, nil
		}
	}
	return "", "", nil
}

// effectiveSettings returns an organization's settings, or the defaults.
func (h *handlers) effectiveSettings(ctx context.Context, who tenant.Identity) (settings.Settings, error) {
	stored, err := h.store.Settings(ctx, who)
	if fault.CodeOf(err) == fault.CodeNotFound {
		return settings.Default(), nil
	}
	return stored.Settings, err
}

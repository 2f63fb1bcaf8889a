package approvals

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// resolutionCanceled tells a request that was withdrawn from one that was
// denied: the admin-action API has one status for both.
const resolutionCanceled = "canceled"

// eligibilityUnknown is why nobody can decide while access is away.
const eligibilityUnknown = "ELIGIBILITY_UNKNOWN"

// view is how one caller sees requests of his organization.
type view struct {
	who    tenant.Identity
	now    time.Time
	people request.People // nil: access is away
	made   map[string][]store.Decision
}

// view loads what is shown beside requests. People are for display: without
// access, requests are shown without them.
func (h *handlers) view(ctx context.Context, who tenant.Identity, requests []store.Request) (view, error) {
	v := view{who: who, now: time.Now(), made: map[string][]store.Decision{}}
	if len(requests) == 0 {
		return v, nil
	}
	ids, people := make([]string, len(requests)), []string{string(who.Person)}
	for i, r := range requests {
		ids[i] = r.ID
		people = append(people, r.SubmittedBy.ID)
	}
	decisions, err := h.store.Decisions(ctx, who.Tenant, ids)
	if err != nil {
		return view{}, err
	}
	for _, d := range decisions {
		v.made[d.Request] = append(v.made[d.Request], d)
		people = append(people, d.Reviewer.ID)
	}
	people = slices.DeleteFunc(people, func(id string) bool { return id == "" })
	if v.people, err = h.people(ctx, who, people...); err != nil {
		h.log.DebugContext(ctx, "approvals.view_without_people", "error", err)
	}
	return v, nil
}

// wrap shows one request, with those who may still decide about it.
func (h *handlers) wrap(ctx context.Context, who tenant.Identity, r store.Request) (*dynamicv0.AdminActionWrapper, error) {
	v, err := h.view(ctx, who, []store.Request{r})
	if err != nil {
		return nil, err
	}
	out := v.show(r)
	if out.GetStatus() == string(request.Pending) {
		if reviewers, err := h.reviewers(ctx, who); err == nil {
			out.EligibleReviewers = v.eligible(r, reviewers)
		}
	}
	return &dynamicv0.AdminActionWrapper{ActionRequest: out, Message: new(message(out))}, nil
}

// show returns a request as the caller sees it.
func (v view) show(r store.Request) *dynamicv0.AdminActionRequest {
	state := r.State
	if state == request.Pending && !v.now.Before(r.ExpiresAt) {
		state = request.Expired // whether or not somebody has written that down
	}
	out := &dynamicv0.AdminActionRequest{
		Id: &r.ID, OrganizationId: new(string(r.Organization)), SubmittedById: &r.SubmittedBy.ID,
		Status: new(state.Status()), ActionType: &r.ActionType, DisplayName: &r.DisplayName, Category: &r.Category,
		ActionPayload: r.Display, RequiredApprovals: new(int32(r.Required)),
		ExpiresAt: timestamppb.New(r.ExpiresAt), CreatedAt: timestamppb.New(r.CreatedAt),
		EnvironmentId: optional(r.Environment), SubmittedBy: person(r.SubmittedBy),
		TargetEntityType: optional(r.EntityType), TargetEntityId: optional(r.EntityID),
		Version: new(int32(r.Version)), PayloadHash: new(hex.EncodeToString(r.PayloadSHA256)),
		Resolution: optional(r.Resolution),
	}
	if len(r.PreviousState) > 0 {
		out.PreviousState = r.PreviousState
	}
	if r.ResolvedAt != nil {
		out.ResolvedAt = timestamppb.New(*r.ResolvedAt)
	}
	if r.State == request.Canceled {
		out.Resolution, out.CancelledAt = new(resolutionCanceled), out.ResolvedAt
	}
	v.showDecisions(out, r)
	v.showExecution(out, r)
	return out
}

func (v view) showDecisions(out *dynamicv0.AdminActionRequest, r store.Request) {
	made := v.made[r.ID]
	approvals := 0
	for _, d := range made {
		if d.Verdict == request.Approve {
			approvals++
		}
		out.Responses = append(out.Responses, &dynamicv0.AdminActionResponse{
			Id: &d.ID, ActionRequestId: &r.ID, ReviewerId: &d.Reviewer.ID, Decision: new(string(d.Verdict)),
			CreatedAt: timestamppb.New(d.CreatedAt), Reviewer: person(d.Reviewer), Note: optional(d.Note),
		})
	}
	if out.GetStatus() == string(request.Pending) && v.people != nil {
		approvals = domainOf(r).Tally(decisionsOf(made), v.people)
	}
	out.CurrentApprovals = new(int32(approvals))
	remaining := 0
	if out.GetStatus() == string(request.Pending) {
		remaining = max(0, r.Required-approvals)
	}
	out.ApprovalsRemaining = new(int32(remaining))
	reason := v.refusal(r, made)
	out.CanDecide = new(reason == "")
	out.CannotDecideReason = optional(reason)
}

// refusal returns the code with which a decision of the caller's would be
// refused; "" where it would not.
func (v view) refusal(r store.Request, made []store.Decision) string {
	domain, draft := domainOf(r), request.Draft{Reviewer: string(v.who.Person), Verdict: request.Approve}
	if err := domain.Open(v.now); err != nil {
		return reasonOf(err)
	}
	repeated, err := domain.Check(draft, decisionsOf(made), v.now)
	switch {
	case repeated:
		return request.CodeReviewed
	case err != nil:
		return reasonOf(err)
	case v.people == nil:
		return eligibilityUnknown
	}
	_, err = domain.Decide(draft, decisionsOf(made), v.people, 0)
	return reasonOf(err)
}

// eligible returns the reviewers who may still decide about r.
func (v view) eligible(r store.Request, reviewers []request.Person) []*dynamicv0.AdminActionPerson {
	people := request.People{}
	for id, p := range v.people {
		people[id] = p
	}
	var out []*dynamicv0.AdminActionPerson
	for _, p := range reviewers {
		people[p.ID] = p
		draft := request.Draft{Reviewer: p.ID, Verdict: request.Deny}
		repeated, err := domainOf(r).Check(draft, decisionsOf(v.made[r.ID]), v.now)
		if repeated || err != nil {
			continue
		}
		if _, err := domainOf(r).Decide(draft, decisionsOf(v.made[r.ID]), people, 0); err == nil {
			out = append(out, person(store.Person{ID: p.ID, Email: p.Email, Name: p.Name}))
		}
	}
	return out
}

func (v view) showExecution(out *dynamicv0.AdminActionRequest, r store.Request) {
	e := r.Execution
	if e.State == "" {
		return
	}
	out.Execution = &dynamicv0.AdminActionExecution{
		State: new(string(e.State)), Attempts: new(int32(e.Attempts)), Error: optional(e.Error),
	}
	if e.ExecutedAt != nil {
		out.Execution.ExecutedAt = timestamppb.New(*e.ExecutedAt)
	}
}

// message says in a sentence where a request stands.
func message(r *dynamicv0.AdminActionRequest) string {
	switch request.State(r.GetStatus()) {
	case request.Pending:
		return "This action requires approval from another admin."
	case request.Denied:
		if r.GetResolution() == resolutionCanceled {
			return "This action was canceled."
		}
		return "This action was denied."
	case request.Expired:
		return "This action was not approved in time."
	}
	switch request.ExecutionState(r.GetExecution().GetState()) {
	case request.Executed:
		return "This action was approved and carried out."
	case request.Failed:
		return "This action was approved and could not be carried out."
	case request.Stale:
		return "This action was approved and not carried out: what it is about has changed."
	case request.Abandoned:
		return "This action was approved and given up."
	case request.Queued, request.Executing:
		return "This action was approved and is being carried out."
	}
	return "This action needed no approval."
}

func person(p store.Person) *dynamicv0.AdminActionPerson {
	return &dynamicv0.AdminActionPerson{Id: &p.ID, Email: &p.Email, Name: &p.Name}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// reasonOf returns the code of a refusal.
func reasonOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Reason
	}
	return ""
}

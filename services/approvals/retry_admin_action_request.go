package approvals

import (
	"context"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals/internal/audit"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// RetryAdminActionRequest queues an execution again that failed.
func (h *handlers) RetryAdminActionRequest(ctx context.Context, in *actionplanev1.RetryAdminActionRequestRequest) (*dynamicv0.AdminActionWrapper, error) {
	who := tenant.From(ctx)
	if err := sees(who, in.GetOrganizationId()); err != nil {
		return nil, err
	}
	var after store.Request
	err := h.mutate(ctx, func(ctx context.Context, tx *store.Tx) error {
		d, err := h.lock(ctx, tx, who, in.GetAdminActionRequestId())
		if err != nil {
			return err
		}
		after, err = d.retry(ctx, string(who.Person))
		return err
	})
	if err != nil {
		return nil, err
	}
	return h.wrap(ctx, who, after)
}

func (d deciding) retry(ctx context.Context, person string) (store.Request, error) {
	switch d.row.Execution.State {
	case request.Failed:
	case request.Stale:
		return store.Request{}, fault.Conflict("what the request is about has changed: submit it anew").WithReason(approval.ReasonDrift)
	default:
		return store.Request{}, fault.Conflict("the execution has not failed").WithReason("NOT_FAILED")
	}
	people, err := d.people(ctx, person)
	if err != nil {
		return store.Request{}, err
	}
	if who := people[person]; person == "" || person != d.row.SubmittedBy.ID && !who.Reviewer {
		return store.Request{}, fault.PermissionDenied("only owners, admins and who submitted the request may retry it").WithReason(request.CodeNotAReviewer)
	}
	if err := d.domain().CheckSubmitter(people); err != nil {
		return store.Request{}, err
	}
	return d.move(ctx, request.Queued, audit.Retried, actorOf(people[person]), "")
}

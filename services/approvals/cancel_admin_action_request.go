package approvals

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals/internal/audit"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// CancelAdminActionRequest withdraws the caller's own request. One that was
// approved is past that: only an execution that has failed can be given up.
// Repeating it answers the same.
func (h *handlers) CancelAdminActionRequest(ctx context.Context, in *actionplanev1.CancelAdminActionRequestRequest) (*dynamicv0.AdminActionWrapper, error) {
	who := tenant.From(ctx)
	if err := sees(who, in.GetOrganizationId()); err != nil {
		return nil, err
	}
	if err := request.CheckNote(in.GetNote()); err != nil {
		return nil, err
	}
	var after store.Request
	var late error
	err := h.mutate(ctx, func(ctx context.Context, tx *store.Tx) error {
		d, err := h.lock(ctx, tx, who, in.GetAdminActionRequestId())
		if err != nil {
			return err
		}
		if who.Person == "" || string(who.Person) != d.row.SubmittedBy.ID {
			return fault.PermissionDenied("only who submitted a request cancels it").WithReason(request.CodeNotTheSubmitter)
		}
		after, late, err = d.cancel(ctx, in.GetNote())
		return err
	})
	if err != nil || late != nil {
		return nil, firstOf(err, late)
	}
	return h.wrap(ctx, who, after)
}

func (d deciding) cancel(ctx context.Context, note string) (after store.Request, late, err error) {
	switch {
	case d.row.State == request.Canceled, d.row.Execution.State == request.Abandoned:
		return d.row, nil, nil
	case d.row.State.Runs() && d.row.Execution.State.To(request.Abandoned):
		after, err = d.move(ctx, request.Abandoned, audit.Abandoned, d.submitter(), note)
		return after, nil, err
	}
	if err := d.domain().Open(d.now); d.isLate(err) {
		return d.expire(ctx, err)
	} else if err != nil {
		return store.Request{}, nil, err
	}
	after, err = d.resolve(ctx, request.Canceled, "", audit.Canceled, d.submitter(), note)
	return after, nil, err
}

// move takes the execution of a locked request to its next state.
func (d deciding) move(ctx context.Context, next request.ExecutionState, entry string, actor *audit.Actor, note string) (store.Request, error) {
	after, ok, err := d.tx.MoveExecution(ctx, d.row, next)
	if err != nil {
		return store.Request{}, err
	}
	if !ok {
		return store.Request{}, fault.Internal("execution of %s is not %s", d.row.ID, d.row.Execution.State)
	}
	return after, d.h.append(ctx, d.tx, after, entry, actor, note)
}

func (d deciding) submitter() *audit.Actor {
	p := d.row.SubmittedBy
	return &audit.Actor{ID: p.ID, Email: p.Email, Name: p.Name}
}

package approvals

import (
	"context"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/libs/wirejson"
	approvalsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/approvals/v1"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/settings"
	"github.com/actionplane/actionplane/services/approvals/internal/shown"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// SubmitChange takes a gated change that must wait.
func (h *handlers) SubmitChange(ctx context.Context, in *approvalsv1.SubmitChangeRequest) (*approvalsv1.SubmitChangeResponse, error) {
	who, c := tenant.From(ctx), in.GetChange()
	if err := h.tooLarge(c.GetPayload(), c.GetDisplay(), c.GetPreviousState(), c.GetNextState()); err != nil {
		return nil, err
	}
	r := requestOf(c)
	r.ID, r.State = ident.NewUUID(), request.Pending
	added, err := h.submit(ctx, who, r, func(current settings.Settings, _ *store.Request) error {
		if !current.Enabled {
			return fault.FailedPrecondition("the organization requires no approvals").WithReason(approval.ReasonNotGated)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	wrapped, err := h.wrap(ctx, who, added)
	if err != nil {
		return nil, err
	}
	answer, err := wirejson.Default().Marshal(wrapped)
	if err != nil {
		return nil, fault.Internal("show the request").Because(err)
	}
	return &approvalsv1.SubmitChangeResponse{RequestId: added.ID, Answer: answer, Message: wrapped.GetMessage()}, nil
}

// requestOf returns a change as it is kept. What people see of it passes a
// second look for secrets, whatever its owner did.
func requestOf(c *approvalsv1.Change) store.Request {
	display := shown.Redact(c.GetDisplay(), nil)
	if len(display) == 0 {
		display = []byte("{}")
	}
	return store.Request{
		ActionType: c.GetActionType(), Category: c.GetCategory(), DisplayName: c.GetDisplayName(),
		EntityType: c.GetTargetEntityType(), EntityID: c.GetTargetEntityId(),
		Method: c.GetMethod(), Subject: c.GetSubject(), PayloadType: c.GetPayloadType(), Payload: notNil(c.GetPayload()),
		Display: display, PreviousState: shown.Redact(c.GetPreviousState(), nil), NextState: shown.Redact(c.GetNextState(), nil),
		PreviousSHA256: c.GetPreviousSha256(),
	}
}

// notNil returns b, empty instead of nil: a message without content is one.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

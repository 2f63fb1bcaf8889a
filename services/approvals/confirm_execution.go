package approvals

import (
	"bytes"
	"context"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	approvalsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/approvals/v1"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// ConfirmExecution tells an owner whether a call that says it executes a
// request does: of this organization, on this subject, with these bytes, and
// now.
func (h *handlers) ConfirmExecution(ctx context.Context, in *approvalsv1.ConfirmExecutionRequest) (*approvalsv1.ConfirmExecutionResponse, error) {
	who := tenant.From(ctx)
	refused := fault.PermissionDenied("no such request is being executed").WithReason(approval.ReasonNotExecuting)
	if !ident.IsUUID(in.GetRequestId()) || !ident.IsUUID(string(who.Organization)) {
		return nil, refused
	}
	r, err := h.store.Executing(ctx, store.Key{Tenant: who.Tenant, Organization: who.Organization, ID: in.GetRequestId()})
	if fault.CodeOf(err) == fault.CodeNotFound {
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	if r.Subject != in.GetSubject() || !bytes.Equal(r.PayloadSHA256, in.GetPayloadSha256()) || r.SubmittedBy.ID != string(who.Person) {
		h.log.WarnContext(ctx, "approvals.execution_not_confirmed", "request", r.ID, "subject", in.GetSubject(), "person", who.Person)
		return nil, refused
	}
	return &approvalsv1.ConfirmExecutionResponse{PreviousSha256: r.PreviousSHA256}, nil
}

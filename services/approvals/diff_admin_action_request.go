package approvals

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/approvals/internal/shown"
)

// DiffAdminActionRequest says what a request would change. The state after it
// is not guessed from the payload: it was read when the change was rehearsed.
// An action of a registered type has no such state, and its payload is shown
// as what is added.
func (h *handlers) DiffAdminActionRequest(ctx context.Context, in *actionplanev1.DiffAdminActionRequestRequest) (*actionplanev1.DiffAdminActionRequestResponse, error) {
	r, err := h.load(ctx, tenant.From(ctx), in.GetOrganizationId(), in.GetAdminActionRequestId())
	if err != nil {
		return nil, err
	}
	before, after := r.PreviousState, r.NextState
	if r.Method == "" {
		before, after = nil, r.Display
	}
	out := &actionplanev1.DiffAdminActionRequestResponse{PreviousState: r.PreviousState, NextState: after}
	for _, c := range shown.Diff(before, after) {
		out.Changes = append(out.Changes, &actionplanev1.StateChange{Path: c.Path, Op: c.Op, Before: c.Before, After: c.After})
	}
	return out, nil
}

package actions

import (
	"context"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// Rollback lets a version run again that did before. NOT_FOUND COMMAND-Sfg2t,
// ACTIONS-n0v3rs10n; FAILED_PRECONDITION ACTIONS-n0th1st0ry; ALREADY_EXISTS
// V3-DKcYh.
func (h *handler) Rollback(ctx context.Context, in *actionplanev1.RollbackRequest) (*actionplanev1.RollbackResponse, error) {
	m, err := h.runVersion(ctx, in.GetId(), in.GetVersion(), action.Rollback)
	if err != nil {
		return nil, err
	}
	return &actionplanev1.RollbackResponse{Version: m}, nil
}

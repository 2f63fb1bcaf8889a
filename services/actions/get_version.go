package actions

import (
	"context"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// GetVersion returns a version with its script. NOT_FOUND QUERY-GEfnb,
// ACTIONS-n0v3rs10n.
func (h *handler) GetVersion(ctx context.Context, in *actionplanev1.GetVersionRequest) (*actionplanev1.GetVersionResponse, error) {
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	a, v, err := h.store.Version(ctx, owner, action.ID(in.GetId()), in.GetVersion())
	if err != nil {
		return nil, missingAs(err, noAction)
	}
	m := versionMessage(a, v)
	m.Script = v.Script
	return &actionplanev1.GetVersionResponse{Version: m}, nil
}

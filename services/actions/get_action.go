package actions

import (
	"context"

	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// The wire's error ids for an action that cannot be read, or changed.
const (
	noAction         = "QUERY-GEfnb"
	noActionToChange = "COMMAND-Sfg2t"
)

// GetAction returns one action. NOT_FOUND QUERY-GEfnb: there is none, or it is
// another organization's.
func (h *handler) GetAction(ctx context.Context, in *managementv1.GetActionRequest) (*managementv1.GetActionResponse, error) {
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	a, err := h.store.Action(ctx, owner, action.ID(in.GetId()))
	if err != nil {
		return nil, missingAs(err, noAction)
	}
	return &managementv1.GetActionResponse{Action: actionMessage(a)}, nil
}

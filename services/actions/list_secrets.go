package actions

import (
	"context"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// ListSecrets returns the names of an action's own secrets. NOT_FOUND
// QUERY-GEfnb.
func (h *handler) ListSecrets(ctx context.Context, in *actionplanev1.ListSecretsRequest) (*actionplanev1.ListSecretsResponse, error) {
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	found, err := h.store.Secrets(ctx, owner, action.ID(in.GetId()))
	if err != nil {
		return nil, missingAs(err, noAction)
	}
	return &actionplanev1.ListSecretsResponse{Secrets: secretMessages(found)}, nil
}

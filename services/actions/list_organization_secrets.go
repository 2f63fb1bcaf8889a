package actions

import (
	"context"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

// ListOrganizationSecrets returns the names of the secrets of all actions of
// the organization.
func (h *handler) ListOrganizationSecrets(ctx context.Context, _ *actionplanev1.ListOrganizationSecretsRequest) (*actionplanev1.ListOrganizationSecretsResponse, error) {
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	found, err := h.store.Secrets(ctx, owner, "")
	if err != nil {
		return nil, err
	}
	return &actionplanev1.ListOrganizationSecretsResponse{Secrets: secretMessages(found)}, nil
}

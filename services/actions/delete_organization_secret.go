package actions

import (
	"context"
	"time"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// DeleteOrganizationSecret deletes a secret of all actions of the organization.
// NOT_FOUND ACTIONS-n0s3cret.
func (h *handler) DeleteOrganizationSecret(ctx context.Context, in *actionplanev1.DeleteOrganizationSecretRequest) (*actionplanev1.DeleteOrganizationSecretResponse, error) {
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	err = h.changeShared(ctx, owner, func(ctx context.Context, tx *store.Tx, _ time.Time) error {
		return tx.DeleteSecret(ctx, owner, "", in.GetName())
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.DeleteOrganizationSecretResponse{}, nil
}

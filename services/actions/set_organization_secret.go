package actions

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/config"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// SetOrganizationSecret sets a secret of all actions of the organization.
// RESOURCE_EXHAUSTED ACTIONS-m4nys3crets.
func (h *handler) SetOrganizationSecret(ctx context.Context, in *actionplanev1.SetOrganizationSecretRequest) (*actionplanev1.SetOrganizationSecretResponse, error) {
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	var set store.Secret
	err = h.changeShared(ctx, owner, func(ctx context.Context, tx *store.Tx, now time.Time) error {
		set = h.seal(ctx, owner, "", in.GetName(), config.NewSecret(in.GetValue()), now)
		return tx.SetSecret(ctx, owner, set, h.config.MaxOrganizationSecrets)
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.SetOrganizationSecretResponse{Secret: secretMessage(set)}, nil
}

// changeShared makes a change of the secrets of all of an organization's
// actions, and announces it.
func (h *handler) changeShared(ctx context.Context, owner store.Scope, do func(ctx context.Context, tx *store.Tx, now time.Time) error) error {
	return h.mutate(ctx, gatedSecrets(owner), func(ctx context.Context, tx *store.Tx, now time.Time) error {
		if err := tx.LockSecrets(ctx, owner); err != nil {
			return err
		}
		if err := do(ctx, tx, now); err != nil {
			return err
		}
		return tx.AnnounceAll(ctx, now)
	})
}

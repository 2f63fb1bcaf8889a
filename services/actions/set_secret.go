package actions

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// SetSecret sets a secret of an action. NOT_FOUND COMMAND-Sfg2t;
// RESOURCE_EXHAUSTED ACTIONS-m4nys3crets.
func (h *handler) SetSecret(ctx context.Context, in *actionplanev1.SetSecretRequest) (*actionplanev1.SetSecretResponse, error) {
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	var set store.Secret
	_, err = h.changeAction(ctx, in.GetId(), noActionToChange, func(ctx context.Context, tx *store.Tx, a action.Action, now time.Time) (action.Action, error) {
		set = h.seal(ctx, owner, a.ID, in.GetName(), config.NewSecret(in.GetValue()), now)
		return a, tx.SetSecret(ctx, owner, set, h.config.MaxActionSecrets)
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.SetSecretResponse{Secret: secretMessage(set)}, nil
}

// seal returns a secret as it is kept.
func (h *handler) seal(ctx context.Context, in store.Scope, id action.ID, name string, value config.Secret, now time.Time) store.Secret {
	return store.Secret{
		Action: id,
		Name:   name,
		Sealed: h.box.Seal(value, secretOwner(in, id, name)),
		Set:    now,
		By:     tenant.From(ctx).Person,
	}
}

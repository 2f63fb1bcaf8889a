package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// RevokeMyToken ends a token of the caller.
func (h *handlers) RevokeMyToken(ctx context.Context, in *actionplanev1.RevokeMyTokenRequest) (*actionplanev1.RevokeMyTokenResponse, error) {
	me, err := self(ctx)
	if err != nil {
		return nil, err
	}
	err = h.revokeToken(ctx, in.GetTokenId(), func(context.Context, *store.Tx) (tenant.PersonID, error) { return me, nil })
	if err != nil {
		return nil, err
	}
	return &actionplanev1.RevokeMyTokenResponse{}, nil
}

// RevokeToken ends a token of a person whom the caller manages.
func (h *handlers) RevokeToken(ctx context.Context, in *actionplanev1.RevokeTokenRequest) (*actionplanev1.RevokeTokenResponse, error) {
	err := h.revokeToken(ctx, in.GetTokenId(), func(ctx context.Context, tx *store.Tx) (tenant.PersonID, error) {
		p, err := managed(ctx, tx, in)
		return p.ID, err
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.RevokeTokenResponse{}, nil
}

// revokeToken is the one way in which callers end tokens.
func (h *handlers) revokeToken(ctx context.Context, id string, holder func(context.Context, *store.Tx) (tenant.PersonID, error)) error {
	missing := fault.NotFound("token not found")
	if !ident.IsUUID(id) {
		return missing
	}
	return h.mutate(ctx, gated{}, func(ctx context.Context, tx *store.Tx) error {
		whose, err := holder(ctx, tx)
		if err != nil {
			return err
		}
		err = tx.RevokeToken(ctx, whose, id)
		if fault.CodeOf(err) == fault.CodeNotFound {
			return missing
		}
		if err != nil {
			return err
		}
		return tx.Announce(ctx, store.ResourceToken, string(whose), "", changesv1.Operation_OPERATION_DELETED)
	})
}

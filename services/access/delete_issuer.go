package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// DeleteIssuer forgets an issuer: its tokens are then nobody's.
func (h *handlers) DeleteIssuer(ctx context.Context, in *actionplanev1.DeleteIssuerRequest) (*actionplanev1.DeleteIssuerResponse, error) {
	if !ident.IsUUID(in.GetIssuerId()) {
		return nil, fault.NotFound("issuer not found")
	}
	err := h.mutatePeople(ctx, gated{}, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.DeleteIssuer(ctx, in.GetIssuerId()); err != nil {
			return orNoIssuer(err)
		}
		return tx.Announce(ctx, store.ResourceIssuer, in.GetIssuerId(), "", changesv1.Operation_OPERATION_DELETED)
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.DeleteIssuerResponse{}, nil
}

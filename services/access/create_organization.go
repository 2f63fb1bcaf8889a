package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// CreateOrganization makes an organization without members.
func (h *handlers) CreateOrganization(ctx context.Context, in *actionplanev1.CreateOrganizationRequest) (*actionplanev1.CreateOrganizationResponse, error) {
	name, err := nameOf(in.GetName())
	if err != nil {
		return nil, err
	}
	var made store.Organization
	err = h.mutate(ctx, gated{EntityType: "organization"}, func(ctx context.Context, tx *store.Tx) (err error) {
		if made, err = tx.InsertOrganization(ctx, tenant.OrganizationID(ident.NewUUID()), name); err != nil {
			return orNameTaken(err)
		}
		return tx.Announce(ctx, store.ResourceOrganization, string(made.ID), made.ID, changesv1.Operation_OPERATION_CREATED)
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.CreateOrganizationResponse{Organization: organizationToProto(made)}, nil
}

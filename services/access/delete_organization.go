package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// DeleteOrganization ends an organization that was closed before: two steps,
// of which only the second cannot be taken back. Its row stays, for other rooms
// keep things under its id.
func (h *handlers) DeleteOrganization(ctx context.Context, in *actionplanev1.DeleteOrganizationRequest) (*actionplanev1.DeleteOrganizationResponse, error) {
	id, err := organizationOf(in.GetOrganizationId())
	if err != nil {
		return nil, err
	}
	err = h.mutatePeople(ctx, gatedOrganization(id), func(ctx context.Context, tx *store.Tx) error {
		o, err := tx.LockOrganization(ctx, id)
		if err != nil {
			return orNoOrganization(err)
		}
		if o.State != store.Inactive {
			return fault.FailedPrecondition("the organization is active: deactivate it first")
		}
		if err := tx.DeleteOrganization(ctx, id); err != nil {
			return err
		}
		return tx.Announce(ctx, store.ResourceOrganization, string(id), id, changesv1.Operation_OPERATION_DELETED)
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.DeleteOrganizationResponse{}, nil
}

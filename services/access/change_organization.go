package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// RenameOrganization gives an organization another name.
func (h *handlers) RenameOrganization(ctx context.Context, in *actionplanev1.RenameOrganizationRequest) (*actionplanev1.RenameOrganizationResponse, error) {
	name, err := nameOf(in.GetName())
	if err != nil {
		return nil, err
	}
	changed, err := h.changeOrganization(ctx, in.GetOrganizationId(), func(o *store.Organization) error {
		o.Name = name
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.RenameOrganizationResponse{Organization: organizationToProto(changed)}, nil
}

// DeactivateOrganization closes an organization to its members.
func (h *handlers) DeactivateOrganization(ctx context.Context, in *actionplanev1.DeactivateOrganizationRequest) (*actionplanev1.DeactivateOrganizationResponse, error) {
	changed, err := h.changeOrganization(ctx, in.GetOrganizationId(), func(o *store.Organization) error {
		if o.First {
			return fault.FailedPrecondition("the first organization stays active")
		}
		o.State = store.Inactive
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.DeactivateOrganizationResponse{Organization: organizationToProto(changed)}, nil
}

// ReactivateOrganization opens an organization to its members again.
func (h *handlers) ReactivateOrganization(ctx context.Context, in *actionplanev1.ReactivateOrganizationRequest) (*actionplanev1.ReactivateOrganizationResponse, error) {
	changed, err := h.changeOrganization(ctx, in.GetOrganizationId(), func(o *store.Organization) error {
		o.State = store.Active
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.ReactivateOrganizationResponse{Organization: organizationToProto(changed)}, nil
}

// changeOrganization keeps what edit makes of an organization, and returns it.
// Where nothing differs, nothing happens.
func (h *handlers) changeOrganization(ctx context.Context, raw string, edit func(*store.Organization) error) (changed store.Organization, err error) {
	id, err := organizationOf(raw)
	if err != nil {
		return store.Organization{}, err
	}
	err = h.mutate(ctx, gatedOrganization(id), func(ctx context.Context, tx *store.Tx) error {
		before, err := tx.LockOrganization(ctx, id)
		if err != nil {
			return orNoOrganization(err)
		}
		changed = before
		if err := edit(&changed); err != nil || changed == before {
			return err
		}
		if changed, err = tx.UpdateOrganization(ctx, changed); err != nil {
			return orNameTaken(err)
		}
		return tx.Announce(ctx, store.ResourceOrganization, string(id), id, changesv1.Operation_OPERATION_CHANGED)
	})
	return changed, err
}

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

// CreatePerson makes a human or, where there is no address, a service account.
func (h *handlers) CreatePerson(ctx context.Context, in *actionplanev1.CreatePersonRequest) (*actionplanev1.CreatePersonResponse, error) {
	organization, err := organizationOf(in.GetOrganizationId())
	if err != nil {
		return nil, err
	}
	name, err := nameOf(in.GetName())
	if err != nil {
		return nil, err
	}
	var made store.Person
	err = h.mutatePeople(ctx, gated{EntityType: "person"}, func(ctx context.Context, tx *store.Tx) (err error) {
		if _, err := tx.LockOrganization(ctx, organization); err != nil {
			return orNoOrganization(err)
		}
		if made, err = insertPerson(ctx, tx, organization, name, in.GetEmail()); err != nil {
			return err
		}
		return tx.Announce(ctx, store.ResourcePerson, string(made.ID), organization, changesv1.Operation_OPERATION_CREATED)
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.CreatePersonResponse{Person: personToProto(made)}, nil
}

func insertPerson(ctx context.Context, tx *store.Tx, in tenant.OrganizationID, name, email string) (store.Person, error) {
	p := store.Person{ID: tenant.PersonID(ident.NewUUID()), Organization: in, Kind: store.Human, Name: name, Email: email}
	if email == "" {
		p.Kind = store.Machine
	}
	made, err := tx.InsertPerson(ctx, p)
	if fault.CodeOf(err) == fault.CodeAlreadyExists {
		return store.Person{}, fault.AlreadyExists("email: somebody has this address").Because(err)
	}
	return made, err
}

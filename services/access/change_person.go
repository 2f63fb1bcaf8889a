package access

import (
	"context"

	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// DeactivatePerson locks a person out.
func (h *handlers) DeactivatePerson(ctx context.Context, in *actionplanev1.DeactivatePersonRequest) (*actionplanev1.DeactivatePersonResponse, error) {
	changed, err := h.setPersonState(ctx, in, store.Inactive)
	if err != nil {
		return nil, err
	}
	return &actionplanev1.DeactivatePersonResponse{Person: personToProto(changed)}, nil
}

// ReactivatePerson lets a person in again.
func (h *handlers) ReactivatePerson(ctx context.Context, in *actionplanev1.ReactivatePersonRequest) (*actionplanev1.ReactivatePersonResponse, error) {
	changed, err := h.setPersonState(ctx, in, store.Active)
	if err != nil {
		return nil, err
	}
	return &actionplanev1.ReactivatePersonResponse{Person: personToProto(changed)}, nil
}

// DeletePerson forgets a person for good, except his id.
func (h *handlers) DeletePerson(ctx context.Context, in *actionplanev1.DeletePersonRequest) (*actionplanev1.DeletePersonResponse, error) {
	err := h.changePerson(ctx, in, func(ctx context.Context, tx *store.Tx, p store.Person) error {
		if err := tx.ErasePerson(ctx, p.ID); err != nil {
			return err
		}
		return tx.Announce(ctx, store.ResourcePerson, string(p.ID), p.Organization, changesv1.Operation_OPERATION_DELETED)
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.DeletePersonResponse{}, nil
}

func (h *handlers) setPersonState(ctx context.Context, in personRequest, state store.State) (changed store.Person, err error) {
	err = h.changePerson(ctx, in, func(ctx context.Context, tx *store.Tx, p store.Person) (err error) {
		if changed = p; p.State == state {
			return nil
		}
		if changed, err = tx.SetPersonState(ctx, p.ID, state); err != nil {
			return err
		}
		return tx.Announce(ctx, store.ResourcePerson, string(p.ID), p.Organization, changesv1.Operation_OPERATION_CHANGED)
	})
	return changed, err
}

// personRequest names a person by the organization that manages him.
type personRequest interface {
	GetOrganizationId() string
	GetPersonId() string
}

// changePerson is the one way in which callers change a person. It refuses who
// does not manage him or holds less than he, and what would leave the instance
// without a human who owns it.
func (h *handlers) changePerson(ctx context.Context, in personRequest, change func(context.Context, *store.Tx, store.Person) error) error {
	return h.mutatePeople(ctx, gatedPerson(in.GetPersonId()), func(ctx context.Context, tx *store.Tx) error {
		p, err := managed(ctx, tx, in)
		if err != nil {
			return err
		}
		return keepOwner(ctx, tx, func() error { return change(ctx, tx, p) })
	})
}

// managed returns the person, locked, if his own organization is the one that
// the call is about and the caller holds all that he does. Else he does not
// exist, or the caller is refused.
func managed(ctx context.Context, tx *store.Tx, in personRequest) (store.Person, error) {
	organization, err := organizationOf(in.GetOrganizationId())
	if err != nil {
		return store.Person{}, err
	}
	id, err := personOf(in.GetPersonId())
	if err != nil {
		return store.Person{}, err
	}
	p, err := tx.LockPerson(ctx, id)
	if err != nil {
		return store.Person{}, orNoPerson(err)
	}
	if p.Organization != organization {
		return store.Person{}, noPerson()
	}
	memberships, err := tx.Memberships(ctx, id)
	if err != nil {
		return store.Person{}, err
	}
	return p, callerOf(ctx).mayCommand(memberships)
}

package access

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

func personToProto(p store.Person) *actionplanev1.Person {
	state := actionplanev1.PersonState_PERSON_STATE_ACTIVE
	if p.State == store.Inactive {
		state = actionplanev1.PersonState_PERSON_STATE_INACTIVE
	}
	return &actionplanev1.Person{
		Id:             string(p.ID),
		OrganizationId: string(p.Organization),
		Kind:           kindToProto(p.Kind),
		State:          state,
		Name:           p.Name,
		Email:          p.Email,
		CreatedAt:      timestamppb.New(p.Created),
		ChangedAt:      timestamppb.New(p.Changed),
	}
}

func kindToProto(k store.Kind) actionplanev1.PersonKind {
	if k == store.Machine {
		return actionplanev1.PersonKind_PERSON_KIND_SERVICE
	}
	return actionplanev1.PersonKind_PERSON_KIND_HUMAN
}

// kindFilter reads which kind is wanted; "" is both.
func kindFilter(k actionplanev1.PersonKind) store.Kind {
	switch k {
	case actionplanev1.PersonKind_PERSON_KIND_HUMAN:
		return store.Human
	case actionplanev1.PersonKind_PERSON_KIND_SERVICE:
		return store.Machine
	default:
		return ""
	}
}

// personOf reads the id of a person; what is no id is nobody's.
func personOf(id string) (tenant.PersonID, error) {
	if !ident.IsUUID(id) {
		return "", noPerson()
	}
	return tenant.PersonID(id), nil
}

func orNoPerson(err error) error {
	if fault.CodeOf(err) == fault.CodeNotFound {
		return noPerson()
	}
	return err
}

func noPerson() error { return fault.NotFound("person not found") }

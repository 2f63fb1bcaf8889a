package access

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

func organizationToProto(o store.Organization) *actionplanev1.Organization {
	state := actionplanev1.OrganizationState_ORGANIZATION_STATE_ACTIVE
	if o.State == store.Inactive {
		state = actionplanev1.OrganizationState_ORGANIZATION_STATE_INACTIVE
	}
	return &actionplanev1.Organization{
		Id:        string(o.ID),
		Name:      o.Name,
		State:     state,
		First:     o.First,
		CreatedAt: timestamppb.New(o.Created),
		ChangedAt: timestamppb.New(o.Changed),
	}
}

// orNameTaken names what another organization has already.
func orNameTaken(err error) error {
	if fault.CodeOf(err) == fault.CodeAlreadyExists {
		return fault.AlreadyExists("name: another organization has it").Because(err)
	}
	return err
}

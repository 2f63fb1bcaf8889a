package actions

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/tenant"
	actionv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v1"
	zitadelv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// stateMessages are the states on the wire.
var stateMessages = map[action.State]actionv1.ActionState{
	action.Active:   actionv1.ActionState_ACTION_STATE_ACTIVE,
	action.Inactive: actionv1.ActionState_ACTION_STATE_INACTIVE,
}

// actionMessage returns the wire's form of an action. The timeout there is the
// effective one (sheet, 1.6).
func actionMessage(a action.Action) *actionv1.Action {
	return &actionv1.Action{
		Id:            string(a.ID),
		Details:       actionDetails(a),
		State:         stateMessages[a.State],
		Name:          a.Name,
		Script:        a.Script,
		Timeout:       durationpb.New(action.EffectiveTimeout(a.Timeout)),
		AllowedToFail: a.AllowedToFail,
	}
}

// actionDetails returns an action's details.
func actionDetails(a action.Action) *zitadelv1.ObjectDetails {
	return details(a.Organization, a.Sequence, a.Created, a.Changed)
}

// details fills everything there is. The original leaves out one of the dates
// by turns, and answers a change with its time as the creation date; clients
// cannot rely on either (sheet, 1.5).
func details(owner tenant.OrganizationID, sequence uint64, created, changed time.Time) *zitadelv1.ObjectDetails {
	return &zitadelv1.ObjectDetails{
		Sequence:      sequence,
		CreationDate:  timestamppb.New(created),
		ChangeDate:    timestamppb.New(changed),
		ResourceOwner: string(owner),
	}
}

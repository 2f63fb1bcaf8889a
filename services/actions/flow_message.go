package actions

import (
	"github.com/actionplane/actionplane/libs/tenant"
	actionv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v1"
	zitadelv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/v1"
	"github.com/actionplane/actionplane/services/actions/internal/flow"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// flowMessage returns the wire's form of a flow: triggers ascending, actions in
// the order they run, inactive ones included; a flow itself is always active
// (sheet, 1.6).
func flowMessage(owner tenant.OrganizationID, f flow.Flow, bound store.BoundActions) *actionv1.Flow {
	m := &actionv1.Flow{
		Type:    flowTypeMessage(f.Type),
		Details: flowDetails(owner, f),
		State:   actionv1.FlowState_FLOW_STATE_ACTIVE,
	}
	for _, trigger := range f.Type.Triggers() {
		if len(bound[trigger]) == 0 {
			continue
		}
		t := &actionv1.TriggerAction{TriggerType: triggerTypeMessage(trigger)}
		for _, a := range bound[trigger] {
			t.Actions = append(t.Actions, actionMessage(a))
		}
		m.TriggerActions = append(m.TriggerActions, t)
	}
	return m
}

// flowDetails returns a flow's details; one that was never touched has only an
// owner.
func flowDetails(owner tenant.OrganizationID, f flow.Flow) *zitadelv1.ObjectDetails {
	if f.Sequence == 0 {
		return &zitadelv1.ObjectDetails{ResourceOwner: string(owner)}
	}
	return details(owner, f.Sequence, f.Created, f.Changed)
}

func flowTypeMessage(t flow.Type) *actionv1.FlowType {
	return &actionv1.FlowType{Id: t.ID(), Name: textMessage(t.Text())}
}

func triggerTypeMessage(t flow.Trigger) *actionv1.TriggerType {
	return &actionv1.TriggerType{Id: t.ID(), Name: textMessage(t.Text())}
}

// textMessage speaks English to everybody: there is no other translation yet.
func textMessage(t flow.Text) *zitadelv1.LocalizedMessage {
	return &zitadelv1.LocalizedMessage{Key: t.Key, LocalizedMessage: t.English}
}

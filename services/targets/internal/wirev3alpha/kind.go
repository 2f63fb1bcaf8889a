package wirev3alpha

import (
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// typed is a wire message with a target_type: Target and PatchTarget.
type typed interface {
	GetRestWebhook() *actionv3alpha.SetRESTWebhook
	GetRestCall() *actionv3alpha.SetRESTCall
	GetRestAsync() *actionv3alpha.SetRESTAsync
}

// kindOf returns the kind that m asks for and its flag, which is false where it
// is absent. ok is false where m has no target_type.
func kindOf(m typed) (kind target.Kind, interruptOnError, ok bool) {
	switch {
	case m.GetRestWebhook() != nil:
		return target.Webhook, m.GetRestWebhook().GetInterruptOnError(), true
	case m.GetRestCall() != nil:
		return target.Call, m.GetRestCall().GetInterruptOnError(), true
	case m.GetRestAsync() != nil:
		return target.Async, false, true
	}
	return 0, false, false
}

package wirev2

import (
	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// typed is a wire message with a target_type.
type typed interface {
	GetRestWebhook() *actionv2.RESTWebhook
	GetRestCall() *actionv2.RESTCall
	GetRestAsync() *actionv2.RESTAsync
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

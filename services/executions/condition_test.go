package executions_test

import (
	"strings"

	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
)

// wire returns the API's condition of an id, written down apart from the
// room's own reading of ids: "request/a.S/M", "event/user.*", "function/f",
// "response". An unknown kind has no type.
func wire(id string) *actionv3alpha.Condition {
	kind, value, _ := strings.Cut(id, "/")
	out := &actionv3alpha.Condition{}
	switch kind {
	case "request":
		c := &actionv3alpha.RequestExecution{}
		out.ConditionType = &actionv3alpha.Condition_Request{Request: c}
		switch strings.Count(id, "/") {
		case 0:
			c.Condition = &actionv3alpha.RequestExecution_All{All: true}
		case 1:
			c.Condition = &actionv3alpha.RequestExecution_Service{Service: value}
		default:
			c.Condition = &actionv3alpha.RequestExecution_Method{Method: "/" + value}
		}
	case "response":
		c := &actionv3alpha.ResponseExecution{}
		out.ConditionType = &actionv3alpha.Condition_Response{Response: c}
		switch strings.Count(id, "/") {
		case 0:
			c.Condition = &actionv3alpha.ResponseExecution_All{All: true}
		case 1:
			c.Condition = &actionv3alpha.ResponseExecution_Service{Service: value}
		default:
			c.Condition = &actionv3alpha.ResponseExecution_Method{Method: "/" + value}
		}
	case "function":
		out.ConditionType = &actionv3alpha.Condition_Function{Function: &actionv3alpha.FunctionExecution{Name: value}}
	case "event":
		c := &actionv3alpha.EventExecution{}
		out.ConditionType = &actionv3alpha.Condition_Event{Event: c}
		switch group, isGroup := strings.CutSuffix(value, ".*"); {
		case value == "":
			c.Condition = &actionv3alpha.EventExecution_All{All: true}
		case isGroup:
			c.Condition = &actionv3alpha.EventExecution_Group{Group: group}
		default:
			c.Condition = &actionv3alpha.EventExecution_Event{Event: value}
		}
	}
	return out
}

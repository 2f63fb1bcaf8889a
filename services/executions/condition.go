package executions

import (
	"github.com/actionplane/actionplane/libs/fault"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
)

// methodOrService is what request and response conditions have in common.
type methodOrService interface {
	GetMethod() string
	GetService() string
	GetAll() bool
}

// conditionFrom reads a condition of the wire. Whether it is one, Validate
// says.
func conditionFrom(c *actionv3alpha.Condition) condition.Condition {
	switch c := c.GetConditionType().(type) {
	case *actionv3alpha.Condition_Request:
		return methodCondition(condition.Request, c.Request)
	case *actionv3alpha.Condition_Response:
		return methodCondition(condition.Response, c.Response)
	case *actionv3alpha.Condition_Function:
		return condition.Condition{Kind: condition.Function, Name: c.Function.GetName()}
	case *actionv3alpha.Condition_Event:
		return condition.Condition{Kind: condition.Event, Event: c.Event.GetEvent(), Group: c.Event.GetGroup(), All: c.Event.GetAll()}
	}
	return condition.Condition{}
}

func methodCondition(kind condition.Kind, c methodOrService) condition.Condition {
	return condition.Condition{Kind: kind, Method: c.GetMethod(), Service: c.GetService(), All: c.GetAll()}
}

// includeFrom reads the condition of an include and returns its id.
func includeFrom(c *actionv3alpha.Condition) (string, error) {
	if c.GetConditionType() == nil {
		return "", fault.Invalid("execution.targets.include: a condition of type request, response, function or event is required").WithID(condition.IDNoIncludeKind)
	}
	in := conditionFrom(c)
	if err := in.Validate(); err != nil {
		return "", err
	}
	return in.ID(), nil
}

// conditionProto is the reverse of conditionFrom, for a stored id.
func conditionProto(id string) *actionv3alpha.Condition {
	c, err := condition.Parse(id)
	if err != nil {
		return nil // only ids that Condition.ID wrote are stored
	}
	out := &actionv3alpha.Condition{}
	switch c.Kind {
	case condition.Request:
		out.ConditionType = &actionv3alpha.Condition_Request{Request: requestProto(c)}
	case condition.Response:
		out.ConditionType = &actionv3alpha.Condition_Response{Response: responseProto(c)}
	case condition.Function:
		out.ConditionType = &actionv3alpha.Condition_Function{Function: &actionv3alpha.FunctionExecution{Name: c.Name}}
	case condition.Event:
		out.ConditionType = &actionv3alpha.Condition_Event{Event: eventProto(c)}
	}
	return out
}

func requestProto(c condition.Condition) *actionv3alpha.RequestExecution {
	switch {
	case c.Method != "":
		return &actionv3alpha.RequestExecution{Condition: &actionv3alpha.RequestExecution_Method{Method: c.Method}}
	case c.Service != "":
		return &actionv3alpha.RequestExecution{Condition: &actionv3alpha.RequestExecution_Service{Service: c.Service}}
	}
	return &actionv3alpha.RequestExecution{Condition: &actionv3alpha.RequestExecution_All{All: true}}
}

func responseProto(c condition.Condition) *actionv3alpha.ResponseExecution {
	switch {
	case c.Method != "":
		return &actionv3alpha.ResponseExecution{Condition: &actionv3alpha.ResponseExecution_Method{Method: c.Method}}
	case c.Service != "":
		return &actionv3alpha.ResponseExecution{Condition: &actionv3alpha.ResponseExecution_Service{Service: c.Service}}
	}
	return &actionv3alpha.ResponseExecution{Condition: &actionv3alpha.ResponseExecution_All{All: true}}
}

func eventProto(c condition.Condition) *actionv3alpha.EventExecution {
	switch {
	case c.Event != "":
		return &actionv3alpha.EventExecution{Condition: &actionv3alpha.EventExecution_Event{Event: c.Event}}
	case c.Group != "":
		return &actionv3alpha.EventExecution{Condition: &actionv3alpha.EventExecution_Group{Group: c.Group}}
	}
	return &actionv3alpha.EventExecution{Condition: &actionv3alpha.EventExecution_All{All: true}}
}

package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	flowsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/flows/v1"
	"github.com/actionplane/actionplane/proto/jsontext"
)

// Flow is a moment in a login, or in the making of a token, at which an
// organization may have its scripts run.
type Flow struct {
	// Flow and Trigger are ids: "2" and "5" for the claims of an access token.
	// The proto file actionplane/flows/v1 lists them.
	Flow, Trigger string
	// Organization whose flow runs; which that is, is for the service to say.
	Organization string
	// Context is what scripts see as ctx: a JSON object.
	Context []byte
}

// FlowResult is what the scripts of a trigger want changed.
type FlowResult struct {
	RunID   string // "" when no script was run
	Changes Changes
	Actions []FlowAction // in the order they ran
}

// Changes are for the service to apply.
type Changes struct {
	// Claims to add to the token; none of them was in the context.
	Claims map[string]json.RawMessage
	// LogClaims to add to the token.
	LogClaims map[string][]string
	// Metadata to store for the user, in this order.
	Metadata []Metadata
	// UserGrants to give to the user that was created.
	UserGrants []UserGrant
	// Attributes to add to the SAML response.
	Attributes []Attribute
	// User has the fields that setters set, by their names in ctx.
	User map[string]json.RawMessage
}

// Metadata is one entry of the user's.
type Metadata struct {
	Key       string
	Value     json.RawMessage
	Immediate bool // set by setMetadata, not appendMetadata
}

// UserGrant gives roles in a project.
type UserGrant struct {
	ProjectID, ProjectGrantID string
	Roles                     []string
}

// Attribute is one of a SAML response.
type Attribute struct {
	Name, NameFormat string
	Values           []string
}

// FlowAction is what became of one action.
type FlowAction struct {
	ID, Name   string
	Outcome    string // "succeeded", "failed", "skipped"
	Invocation string // id of its record
	Error      string // why it failed, which it is allowed to
	Duration   time.Duration
}

// RunFlow runs the scripts of a trigger and returns what they want changed. An
// *Error with ID "SCRIPTS-f41l3d" is a script that failed, one whose ID begins
// with "EXEC-" a script that denied; either way nothing is to be applied.
// Scripts take long by the measure of hooks, up to 20 s each: give ctx the time
// that the login has.
//
// Where a function is hooked too, such as "preaccesstoken", flows come first:
// apply what RunFlow returns, and call Function with that.
func (c *Client) RunFlow(ctx context.Context, f Flow) (FlowResult, error) {
	if len(f.Context) > 0 && !jsontext.Valid(f.Context) {
		return FlowResult{}, &Error{Code: CodeInvalid, Message: "context is not JSON"}
	}
	in := &flowsv1.RunTriggerRequest{Flow: f.Flow, Trigger: f.Trigger, OrganizationId: f.Organization, Context: f.Context}
	out := new(flowsv1.RunTriggerResponse)
	if err := c.call(ctx, &flowsv1.FlowsRunTrigger, in, out); err != nil {
		return FlowResult{}, err
	}
	changes, err := changesFrom(out.GetChanges())
	if err != nil {
		return FlowResult{}, &Error{Code: CodeInternal, Message: "the answer cannot be read", cause: err}
	}
	r := FlowResult{RunID: out.GetRunId(), Changes: changes}
	for _, a := range out.GetActions() {
		r.Actions = append(r.Actions, FlowAction{
			ID: a.GetActionId(), Name: a.GetActionName(), Outcome: flowOutcome(a.GetOutcome()),
			Invocation: a.GetInvocationId(), Error: a.GetError(), Duration: a.GetDuration().AsDuration(),
		})
	}
	return r, nil
}

func changesFrom(c *flowsv1.Changes) (Changes, error) {
	var out Changes
	for _, object := range []struct {
		text []byte
		into any
	}{{c.GetClaims(), &out.Claims}, {c.GetLogClaims(), &out.LogClaims}, {c.GetUser(), &out.User}} {
		if len(object.text) == 0 {
			continue
		}
		if err := json.Unmarshal(object.text, object.into); err != nil {
			return Changes{}, err
		}
	}
	for _, m := range c.GetMetadata() {
		out.Metadata = append(out.Metadata, Metadata{Key: m.GetKey(), Value: m.GetValue(), Immediate: m.GetImmediate()})
	}
	for _, g := range c.GetUserGrants() {
		out.UserGrants = append(out.UserGrants, UserGrant{ProjectID: g.GetProjectId(), ProjectGrantID: g.GetProjectGrantId(), Roles: g.GetRoles()})
	}
	for _, a := range c.GetAttributes() {
		out.Attributes = append(out.Attributes, Attribute{Name: a.GetName(), NameFormat: a.GetNameFormat(), Values: a.GetValues()})
	}
	return out, nil
}

func flowOutcome(o flowsv1.ActionOutcome) string {
	switch o {
	case flowsv1.ActionOutcome_ACTION_OUTCOME_SUCCEEDED:
		return "succeeded"
	case flowsv1.ActionOutcome_ACTION_OUTCOME_FAILED:
		return "failed"
	case flowsv1.ActionOutcome_ACTION_OUTCOME_SKIPPED:
		return "skipped"
	}
	return fmt.Sprintf("outcome %d", o) // of a newer server
}

package scripts

import (
	"encoding/json"

	"github.com/actionplane/actionplane/libs/fault"
	flowsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/flows/v1"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// changesDocument is invocation.Changes as it travels. What is an object of the
// scripts' making stays the text that it is.
type changesDocument struct {
	Claims     json.RawMessage        `json:"claims"`
	LogClaims  json.RawMessage        `json:"logClaims"`
	Metadata   []invocation.Metadata  `json:"metadata"`
	UserGrants []invocation.UserGrant `json:"userGrants"`
	Attributes []invocation.Attribute `json:"attributes"`
	User       json.RawMessage        `json:"user"`
}

// changesMessage returns the wire's form of changes; nil where there are none.
func changesMessage(raw json.RawMessage) (*flowsv1.Changes, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var d changesDocument
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, fault.Internal("the scripts' changes cannot be read").Because(err)
	}
	out := &flowsv1.Changes{Claims: d.Claims, LogClaims: d.LogClaims, User: d.User}
	for _, m := range d.Metadata {
		out.Metadata = append(out.Metadata, &flowsv1.Metadata{Key: m.Key, Value: m.Value, Immediate: m.Immediate})
	}
	for _, g := range d.UserGrants {
		out.UserGrants = append(out.UserGrants, &flowsv1.UserGrant{ProjectId: g.ProjectID, ProjectGrantId: g.ProjectGrantID, Roles: g.Roles})
	}
	for _, a := range d.Attributes {
		out.Attributes = append(out.Attributes, &flowsv1.Attribute{Name: a.Name, NameFormat: a.NameFormat, Values: a.Values})
	}
	return out, nil
}

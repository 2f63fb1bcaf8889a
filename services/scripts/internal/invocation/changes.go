package invocation

import (
	"encoding/json"
	"strings"
)

// reservedClaims is the prefix of claims that scripts cannot set; trying is
// silently ignored (actions-v1 2.3).
const reservedClaims = "urn:zitadel:iam"

// Changes is what the actions of one trigger asked for so far. It is plain
// data: the next action of the trigger gets it with its Request, and after the
// last one whoever asked for the flow applies it. Nothing is applied here.
type Changes struct {
	// Claims are to be added. None of them was there before.
	Claims map[string]json.RawMessage `json:"claims,omitempty"`
	// LogClaims are claims of log lines; their keys are ClaimLogKey's.
	LogClaims map[string][]string `json:"logClaims,omitempty"`
	// Metadata are to be stored for the user, in this order.
	Metadata []Metadata `json:"metadata,omitempty"`
	// UserGrants are to be added to the user that was created.
	UserGrants []UserGrant `json:"userGrants,omitempty"`
	// Attributes are to be added to the SAML response.
	Attributes []Attribute `json:"attributes,omitempty"`
	// User holds what the setters set, by the names that ctx has for it
	// (firstName, isEmailVerified, username, ...).
	User map[string]json.RawMessage `json:"user,omitempty"`
}

// Metadata is one entry for the user.
type Metadata struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
	// Immediate is set by setMetadata: the original platform stores these at
	// once, even when a later action fails, and those of appendMetadata after
	// the whole trigger.
	Immediate bool `json:"immediate,omitempty"`
}

// UserGrant is a grant of roles in a project.
type UserGrant struct {
	ProjectID      string   `json:"projectId"`
	ProjectGrantID string   `json:"projectGrantId,omitempty"`
	Roles          []string `json:"roles"`
}

// Attribute is a custom attribute of a SAML response.
type Attribute struct {
	Name       string   `json:"name"`
	NameFormat string   `json:"nameFormat"`
	Values     []string `json:"values"`
}

// ClaimLogKey is the claim in which an action's log lines are collected.
func ClaimLogKey(action string) string { return "urn:zitadel:iam:action:" + action + ":log" }

// ParseChanges reads what Encode wrote; nothing is no changes.
func ParseChanges(raw json.RawMessage) (Changes, error) {
	var c Changes
	if len(raw) == 0 {
		return c, nil
	}
	err := json.Unmarshal(raw, &c)
	return c, err
}

// Encode returns the changes as JSON; nil where there are none.
func (c *Changes) Encode() (json.RawMessage, error) {
	if c.Empty() {
		return nil, nil
	}
	return json.Marshal(c)
}

// Empty reports whether nothing is to be changed.
func (c *Changes) Empty() bool { return c.Count() == 0 }

// Count returns how many changes there are.
func (c *Changes) Count() int {
	n := len(c.Claims) + len(c.Metadata) + len(c.UserGrants) + len(c.Attributes) + len(c.User)
	for _, lines := range c.LogClaims {
		n += len(lines)
	}
	return n
}

// SetClaim adds a claim. One that exists, in the token (existing says so) or
// by an earlier call, is left alone, which the action's log claim then says.
func (c *Changes) SetClaim(action, key string, value json.RawMessage, existing func(string) bool) {
	if strings.HasPrefix(key, reservedClaims) {
		return
	}
	if _, ok := c.Claims[key]; ok || existing(key) {
		c.LogClaim(action, `key "`+key+`" already exists`)
		return
	}
	if c.Claims == nil {
		c.Claims = make(map[string]json.RawMessage)
	}
	c.Claims[key] = value
}

// LogClaim adds a line to the action's log claim.
func (c *Changes) LogClaim(action, line string) {
	if c.LogClaims == nil {
		c.LogClaims = make(map[string][]string)
	}
	key := ClaimLogKey(action)
	c.LogClaims[key] = append(c.LogClaims[key], line)
}

// SetAttribute adds an attribute, unless there is one of that name.
func (c *Changes) SetAttribute(a Attribute) {
	for i := range c.Attributes {
		if c.Attributes[i].Name == a.Name {
			return
		}
	}
	c.Attributes = append(c.Attributes, a)
}

// SetUser sets a field of the user; the last one counts.
func (c *Changes) SetUser(field string, value json.RawMessage) {
	if c.User == nil {
		c.User = make(map[string]json.RawMessage)
	}
	c.User[field] = value
}

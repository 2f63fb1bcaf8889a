package flow

import "strconv"

// Text is something to show to people: the original's translation key and the
// English for it.
type Text struct {
	Key     string
	English string
}

// Type is a flow: a place in a login or in the making of a token where actions
// run. The zero Type is none of them.
type Type uint8

// The flows, with the wire's numbers.
const (
	Unspecified            Type = 0
	ExternalAuthentication Type = 1
	CustomiseToken         Type = 2
	InternalAuthentication Type = 3
	CustomizeSAMLResponse  Type = 4
)

// Trigger is a moment within a flow. The zero Trigger is none of them.
type Trigger uint8

// The triggers, with the wire's numbers.
const (
	PostAuthentication      Trigger = 1
	PreCreation             Trigger = 2
	PostCreation            Trigger = 3
	PreUserinfoCreation     Trigger = 4
	PreAccessTokenCreation  Trigger = 5
	PreSAMLResponseCreation Trigger = 6
)

// flows describes each flow. The spelling mix of the keys is the wire's
// (sheet, 2.1). old is the name from when flows were an enum.
var flows = [...]struct {
	text     Text
	old      string
	triggers []Trigger
}{
	Unspecified: {text: Text{"Action.Flow.Type.Unspecified", "Unspecified"}},
	ExternalAuthentication: {
		text:     Text{"Action.Flow.Type.ExternalAuthentication", "External Authentication"},
		old:      "FLOW_TYPE_EXTERNAL_AUTHENTICATION",
		triggers: []Trigger{PostAuthentication, PreCreation, PostCreation},
	},
	CustomiseToken: {
		text:     Text{"Action.Flow.Type.CustomiseToken", "Complement Token"},
		triggers: []Trigger{PreUserinfoCreation, PreAccessTokenCreation},
	},
	InternalAuthentication: {
		text:     Text{"Action.Flow.Type.InternalAuthentication", "Internal Authentication"},
		triggers: []Trigger{PostAuthentication, PreCreation, PostCreation},
	},
	CustomizeSAMLResponse: {
		text:     Text{"Action.Flow.Type.CustomizeSAMLResponse", "Complement SAMLResponse"},
		triggers: []Trigger{PreSAMLResponseCreation},
	},
}

// triggers describes each trigger.
var triggers = [...]struct {
	text Text
	old  string
}{
	PostAuthentication:      {Text{"Action.TriggerType.PostAuthentication", "Post Authentication"}, "TRIGGER_TYPE_POST_AUTHENTICATION"},
	PreCreation:             {Text{"Action.TriggerType.PreCreation", "Pre Creation"}, "TRIGGER_TYPE_PRE_CREATION"},
	PostCreation:            {Text{"Action.TriggerType.PostCreation", "Post Creation"}, "TRIGGER_TYPE_POST_CREATION"},
	PreUserinfoCreation:     {Text{"Action.TriggerType.PreUserinfoCreation", "Pre Userinfo creation"}, ""},
	PreAccessTokenCreation:  {Text{"Action.TriggerType.PreAccessTokenCreation", "Pre access token creation"}, ""},
	PreSAMLResponseCreation: {Text{"Action.TriggerType.PreSAMLResponseCreation", "Pre SAMLResponse creation"}, ""},
}

// Types returns the flows in the order of the wire.
func Types() []Type {
	return []Type{ExternalAuthentication, CustomiseToken, InternalAuthentication, CustomizeSAMLResponse}
}

// ParseType reads a flow's id, "1" to "4", or its name from when flows were an
// enum. Everything else is Unspecified.
func ParseType(s string) Type {
	for _, t := range Types() {
		if s == t.ID() || s == flows[t].old && s != "" {
			return t
		}
	}
	return Unspecified
}

// ParseTrigger reads a trigger's id, "1" to "6", or its name from when triggers
// were an enum. Everything else is the zero Trigger.
func ParseTrigger(s string) Trigger {
	for t := PostAuthentication; int(t) < len(triggers); t++ {
		if s == t.ID() || s == triggers[t].old && s != "" {
			return t
		}
	}
	return 0
}

// ID returns the flow's id on the wire; "0" for Unspecified.
func (t Type) ID() string { return strconv.Itoa(int(t)) }

// Text returns the flow's name.
func (t Type) Text() Text { return flows[t].text }

// Triggers returns the flow's triggers in the order of the wire.
func (t Type) Triggers() []Trigger { return flows[t].triggers }

// ID returns the trigger's id on the wire.
func (t Trigger) ID() string { return strconv.Itoa(int(t)) }

// Text returns the trigger's name.
func (t Trigger) Text() Text { return triggers[t].text }

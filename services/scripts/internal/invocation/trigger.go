package invocation

import "fmt"

// Trigger is the point of a flow at which an action runs, by the original
// platform's numbers (actions-v1 2.1). It decides what ctx and api have.
type Trigger struct{ Flow, Type uint8 }

// The flows.
const (
	FlowExternalAuthentication uint8 = 1
	FlowComplementToken        uint8 = 2
	FlowInternalAuthentication uint8 = 3
	FlowComplementSAML         uint8 = 4
)

// The types of triggers.
const (
	TypePostAuthentication     uint8 = 1
	TypePreCreation            uint8 = 2
	TypePostCreation           uint8 = 3
	TypePreUserinfoCreation    uint8 = 4
	TypePreAccessTokenCreation uint8 = 5
	TypePreSAMLResponse        uint8 = 6
)

// Triggers returns all there are.
func Triggers() []Trigger {
	return []Trigger{
		{FlowExternalAuthentication, TypePostAuthentication},
		{FlowExternalAuthentication, TypePreCreation},
		{FlowExternalAuthentication, TypePostCreation},
		{FlowComplementToken, TypePreUserinfoCreation},
		{FlowComplementToken, TypePreAccessTokenCreation},
		{FlowInternalAuthentication, TypePostAuthentication},
		{FlowInternalAuthentication, TypePreCreation},
		{FlowInternalAuthentication, TypePostCreation},
		{FlowComplementSAML, TypePreSAMLResponse},
	}
}

// String returns the numbers: "2/4".
func (t Trigger) String() string { return fmt.Sprintf("%d/%d", t.Flow, t.Type) }

package flow

import (
	"slices"
	"strconv"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// What can be wrong with the name of a trigger, as the owner of flows says it.
var (
	ErrNoFlow    = fault.NotFound("Flow type not found").WithID("MANAG-P2OBk")
	ErrNoTrigger = fault.Invalid("TriggerType is invalid").WithID("COMMAND-Dfgh6")
)

// Names from when flows and triggers were enums (actions-v1 2.1).
var (
	oldFlows    = map[string]uint8{"FLOW_TYPE_EXTERNAL_AUTHENTICATION": invocation.FlowExternalAuthentication}
	oldTriggers = map[string]uint8{
		"TRIGGER_TYPE_POST_AUTHENTICATION": invocation.TypePostAuthentication,
		"TRIGGER_TYPE_PRE_CREATION":        invocation.TypePreCreation,
		"TRIGGER_TYPE_POST_CREATION":       invocation.TypePostCreation,
	}
)

// ParseTrigger reads a trigger as requests name it: ids, or names from when
// they were enums. NOT_FOUND MANAG-P2OBk: no such flow. INVALID_ARGUMENT
// COMMAND-Dfgh6: the flow has no such trigger.
func ParseTrigger(flow, trigger string) (invocation.Trigger, error) {
	t := invocation.Trigger{Flow: ParseFlow(flow), Type: ParseType(trigger)}
	switch {
	case t.Flow == 0:
		return invocation.Trigger{}, ErrNoFlow
	case !slices.Contains(invocation.Triggers(), t):
		return invocation.Trigger{}, ErrNoTrigger
	}
	return t, nil
}

// ParseFlow reads a flow's id, "1" to "4", or its old name; 0: there is none.
func ParseFlow(s string) uint8 { return parse(s, oldFlows, invocation.FlowComplementSAML) }

// ParseType reads the id of a type of triggers, "1" to "6", or its old name; 0:
// there is none.
func ParseType(s string) uint8 { return parse(s, oldTriggers, invocation.TypePreSAMLResponse) }

func parse(s string, old map[string]uint8, last uint8) uint8 {
	if n, ok := old[s]; ok {
		return n
	}
	for n := uint8(1); n <= last; n++ {
		if s == ID(n) {
			return n
		}
	}
	return 0
}

// ID returns the wire's id of a flow or a type of triggers; "" of 0.
func ID(n uint8) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(int(n))
}

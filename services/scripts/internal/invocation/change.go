package invocation

import "encoding/json"

// Op is a kind of change.
type Op uint8

// The changes a script can ask for. Setters, grants and attributes of the
// other flows join here.
const (
	// OpSetClaim adds a claim. The key did not exist in the context and was
	// not set before by this call.
	OpSetClaim Op = 1
	// OpAppendClaimLog adds a line (a JSON string) to the claim that Key
	// names, which is ClaimLogKey of the action.
	OpAppendClaimLog Op = 2
	// OpSetMetadata stores metadata of the user at once.
	OpSetMetadata Op = 3
	// OpAppendMetadata stores metadata of the user after the whole trigger.
	OpAppendMetadata Op = 4
)

// Change is one thing a script asked for.
type Change struct {
	Op    Op
	Key   string
	Value json.RawMessage
}

// ClaimLogKey is the claim in which an action's log lines are collected.
func ClaimLogKey(action string) string { return "urn:zitadel:iam:action:" + action + ":log" }

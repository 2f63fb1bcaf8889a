// Package invocation says what one call of an action is: what goes in
// (Request) and what comes out (Result). It is shared by the sandbox that runs
// the call, the worker that carries it between processes and the service that
// asks for it, and knows none of them.
package invocation

import (
	"crypto/sha256"
	"encoding/json"
	"time"
)

// MaxTimeout is the longest time an action may have, and what it has when it
// asks for none or for more (actions-v1: "0 or >= 20 s means 20 s").
const MaxTimeout = 20 * time.Second

// Style is how the action's function is called and what it may do.
type Style uint8

const (
	// StyleFlow is a ZITADEL action of a flow: (ctx, api), where api collects
	// changes. What both offer depends on the Trigger.
	StyleFlow Style = 1
	// StyleTarget is an action that stands in for an HTTP target: ctx is the
	// envelope a target would be sent, api replaces the payload or vetoes.
	StyleTarget Style = 2
)

// Hash names a script by its content.
type Hash [sha256.Size]byte

// HashOf returns the name of source.
func HashOf(source string) Hash { return sha256.Sum256([]byte(source)) }

// Request is one call of an action.
type Request struct {
	Tenant   string          // whose turn it is when workers are scarce
	ActionID string          // for logs and errors
	Name     string          // the function to call, by the action's name
	Source   string          // the whole script
	Hash     Hash            // HashOf(Source); computed when zero
	Style    Style           //
	Trigger  Trigger         // StyleFlow only
	Input    json.RawMessage // becomes ctx; for StyleFlow as sandbox/doc.go says
	Changes  json.RawMessage // of the trigger's actions before this one: their last Result.Changes
	Secrets  Secrets         // what require("actionplane/secrets") gives out

	// Timeout bounds the function phase, and with 5 s the script phase before
	// it. Zero and everything above MaxTimeout mean MaxTimeout.
	Timeout time.Duration
	// Budget bounds both phases together; zero is no such bound. The worker
	// pool derives it from the caller's deadline.
	Budget time.Duration
	// AllowHTTP lets the script make outgoing calls.
	AllowHTTP bool
}

// EffectiveTimeout returns the limit of the function phase.
func (r *Request) EffectiveTimeout() time.Duration {
	if r.Timeout <= 0 || r.Timeout > MaxTimeout {
		return MaxTimeout
	}
	return r.Timeout
}

// Result is what a call came to. A script that fails is a result, with Error
// set: changes it collected before stay, as authors of the original platform
// know it, but Output is empty.
type Result struct {
	// Output replaces the payload (StyleTarget); nil leaves it as it was.
	Output json.RawMessage
	// Changes are the Request's with those that the script asked for, as JSON
	// of a Changes; nil where there are none (StyleFlow).
	Changes json.RawMessage
	// Veto is set when the script denied what it was asked about.
	Veto *Veto
	// Logs are the script's own lines, oldest first.
	Logs []LogEntry
	// LogsTruncated says that lines are missing or cut.
	LogsTruncated bool
	// Calls are the script's outgoing calls, in the order they began.
	Calls []Call
	// Duration is the time in the VM, parsing and printing included.
	Duration time.Duration
	// CPU is the processor time that the worker took for it.
	CPU time.Duration
	// PeakMemory is how far the worker's heap grew, in bytes, looked at every
	// few milliseconds and at the end; garbage counts.
	PeakMemory int64
	// Error is why the call failed; nil when it did not.
	Error *Error
}

// Veto is a script's refusal.
type Veto struct {
	Reason string
	// Code is what the script wants the caller to see: a gRPC code (1-16) or
	// an HTTP status (400-599). Zero leaves the choice to the caller.
	Code int
}

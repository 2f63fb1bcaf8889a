// Package profile has the sending profiles of targets at hand: all that
// sending to a target takes beside what the chain says of it, parsed and ready
// to use. Profiles hold secrets. They live in memory only and print as
// "[redacted]".
package profile

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/services/dispatch/internal/seal"
	"github.com/actionplane/actionplane/services/dispatch/internal/sender"
	"github.com/actionplane/actionplane/services/dispatch/internal/signature"
)

// Profile is what sending to one target takes. It is shared: only to be read.
type Profile struct {
	// Version is the target's that this is of.
	Version uint64
	// Signer makes the signatures; Empty when the target has no key.
	Signer *signature.Signer
	// Sealer makes the payload a JWT or JWE; nil: JSON is sent as it is.
	Sealer *seal.Sealer
	// Header goes out with every call; nothing in it is ours.
	Header []sender.Field
	// Identity is the target's own TLS identity; nil: it has none.
	Identity *sender.Identity
	// Allow is what this target may reach although it is private.
	Allow egress.AllowList
	// Retry is the target's own policy; its zero parts mean the defaults.
	Retry Retry
	// Limits bound what the target is burdened with; zero parts mean the
	// defaults.
	Limits Limits
	// Trace is what the target is told of traces.
	Trace Trace
	// Disabled says why nothing may be sent; empty: the target is enabled.
	Disabled string
	// Broken is what could not be read of the profile, as a certificate that is
	// none; nil: nothing. Otherwise nothing can be sent.
	Broken error
}

// Trace says what a target is told of the trace that a call to it belongs to.
type Trace string

// What may be told.
const (
	TraceDefault Trace = ""        // what the configuration says
	TraceStrip   Trace = "strip"   // nothing
	TraceInject  Trace = "inject"  // the trace itself
	TraceRestart Trace = "restart" // another one, to which ours links
)

// Validate reports what is none of them.
func (t Trace) Validate() error {
	switch t {
	case TraceDefault, TraceStrip, TraceInject, TraceRestart:
		return nil
	}
	return fmt.Errorf("%q is none of %s, %s, %s", string(t), TraceStrip, TraceInject, TraceRestart)
}

// Retry says when a failed delivery of an event is tried again.
type Retry struct {
	MaxAttempts       int             // in all; 0: as many as the schedule has, and the first
	Schedule          []time.Duration // pauses before the second attempt, the third, …; empty: the default
	FinalStatuses     []int           // after which none is made; empty: the default
	RetryableStatuses []int           // after which one is made although the default would not
}

// Limits bound what one target is burdened with.
type Limits struct {
	MaxConcurrency  int           // requests at once; 0: the default
	RatePerSecond   float64       // 0: no limit
	CircuitFailures int           // in a row, that open the circuit; 0: the default
	CircuitPause    time.Duration // that it stays open; 0: the default
}

// Format writes "[redacted]" for every verb.
func (Profile) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// LogValue keeps profiles out of structured logs.
func (Profile) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Package journal says what is recorded of an invocation, and records it: after
// the caller was answered, in batches, never making anybody wait. What does not
// fit its buffer is dropped and counted, for the record of an invocation is
// worth less than the invocation.
package journal

import (
	"math"
	"strconv"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// ID names an invocation: a snowflake, so that ids are in the order of starts.
type ID int64

// ParseID reads an id as the wire has it. What is no snowflake is CodeInvalid.
func ParseID(text string) (ID, error) {
	if !ident.IsSnowflake(text) {
		return 0, fault.Invalid("id %q is not a snowflake", text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return ID(n), err
}

// String returns the id as the wire has it.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// Before returns an id below those of all invocations that began at or after a
// moment, and at most a minute below: clocks of replicas differ a little.
func Before(at time.Time) ID {
	if at.Year() >= lastYear {
		return math.MaxInt64
	}
	return ID(ident.Of(at.Add(-time.Minute), 0))
}

// lastYear is when ids come to an end, nearly.
const lastYear = 2084

// Outcome is what an invocation came to.
type Outcome string

// The outcomes.
const (
	Succeeded Outcome = "succeeded"
	Failed    Outcome = "failed"
	Denied    Outcome = "denied"
	TimedOut  Outcome = "timed_out"
	Killed    Outcome = "killed" // its worker died
)

// Outcomes returns all outcomes.
func Outcomes() []Outcome { return []Outcome{Succeeded, Failed, Denied, TimedOut, Killed} }

// OutcomeOf returns what a result came to. Who denied and then failed denied.
func OutcomeOf(r invocation.Result) Outcome {
	switch {
	case r.Veto != nil:
		return Denied
	case r.Error == nil:
		return Succeeded
	}
	switch r.Error.Kind {
	case invocation.KindTimeout:
		return TimedOut
	case invocation.KindMemory, invocation.KindCrash:
		return Killed
	}
	return Failed
}

// Failure is why an invocation did not succeed.
type Failure struct {
	Kind         string // "denied", else the word of invocation.Kind
	Message      string
	Line, Column int // from 1; 0: not known
}

// FailureOf returns why a result is none that succeeded; the zero Failure where
// it is.
func FailureOf(r invocation.Result) Failure {
	switch {
	case r.Veto != nil:
		return Failure{Kind: "denied", Message: r.Veto.Reason}
	case r.Error == nil:
		return Failure{}
	}
	return Failure{Kind: r.Error.Kind.String(), Message: r.Error.Message, Line: r.Error.Line, Column: r.Error.Column}
}

// Entry is the record of an invocation.
type Entry struct {
	ID            ID
	Tenant        string
	Organization  string
	ActionID      string
	ActionName    string
	Version       uint32
	Trigger       invocation.Trigger // zero: the target of an execution
	RunID         string             // of the execution's run, or the trigger's
	Started       time.Time
	Duration      time.Duration
	CPU           time.Duration
	PeakMemory    int64 // bytes
	Outcome       Outcome
	Failure       Failure
	AllowedToFail bool
	Logs          []invocation.LogEntry
	LogsTruncated bool
	Calls         []invocation.Call
}

// Fill copies what a result has to tell.
func (e *Entry) Fill(r invocation.Result) {
	e.Duration, e.CPU, e.PeakMemory = r.Duration, r.CPU, r.PeakMemory
	e.Outcome, e.Failure = OutcomeOf(r), FailureOf(r)
	e.Logs, e.LogsTruncated, e.Calls = r.Logs, r.LogsTruncated, r.Calls
}

// size is about how many bytes of memory the entry holds.
func (e *Entry) size() int {
	const fixed, perLine = 512, 64
	n := fixed + len(e.Failure.Message)
	for i := range e.Logs {
		n += perLine + len(e.Logs[i].Message)
	}
	for i := range e.Calls {
		n += 2*perLine + len(e.Calls[i].URL) + len(e.Calls[i].Error)
	}
	return n
}

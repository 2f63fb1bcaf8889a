// Package envelope writes the JSON body that a target is sent, and reads the
// body it answers with. Payloads are raw JSON: they are spliced in by hand and
// never decoded and encoded again, for the signature covers the bytes and a
// second encoding would cost fifty times as much.
//
// Keys and their mixed spelling are the published API's. Empty values are left
// out. Splicing trusts its payloads: bytes that are no JSON value could close
// the envelope and forge what stands around them, so whoever takes a payload
// in from outside calls CheckObject once.
package envelope

import (
	"strconv"
	"strings"
	"time"
)

// Caller is on whose behalf the interrupted work is done.
type Caller struct {
	InstanceID, OrgID, ProjectID, UserID string
}

// Header is one HTTP header of the interrupted call.
type Header struct {
	Name   string
	Values []string
}

// Call is the body of request and response executions.
type Call struct {
	FullMethod string // "/pkg.Service/Method"
	Caller     Caller
	Request    []byte // raw JSON, as the steps before left it
	Response   []byte // raw JSON; response executions only
	Headers    []Header
}

// passedOn are the headers that targets get, in the order they are written;
// all others stay in the house, for they may hold credentials.
var passedOn = [...]string{"Content-Type", "X-Forwarded-For", "X-Forwarded-Host", "Host", "Origin"}

// Append appends the body to dst.
func (c Call) Append(dst []byte) []byte {
	w := writer{buf: dst}
	w.open()
	w.key("fullMethod")
	w.buf = append(w.buf, '"', '/')
	w.buf = append(appendEscaped(w.buf, strings.TrimPrefix(c.FullMethod, "/")), '"')
	w.text("instanceID", c.Caller.InstanceID)
	w.text("orgID", c.Caller.OrgID)
	w.text("projectID", c.Caller.ProjectID)
	w.text("userID", c.Caller.UserID)
	w.raw("request", c.Request)
	w.raw("response", c.Response)
	w.headers(c.Headers)
	return w.close()
}

// Function is the body of function executions.
type Function struct {
	Name string // "preuserinfo"
	// Context is a raw JSON object whose members are written beside ours. Its
	// own "function" and "response" are left out, so that nobody is told twice.
	Context []byte
	// Response is what the steps before have answered, merged: a raw JSON
	// object; empty for the first.
	Response []byte
}

// Append appends the body to dst.
func (f Function) Append(dst []byte) []byte {
	w := writer{buf: dst}
	w.open()
	w.key("function")
	w.buf = append(appendEscaped(append(w.buf, `"function/`...), f.Name), '"')
	for key, value := range members(f.Context) {
		if keyIs(key, "function") || keyIs(key, "response") {
			continue
		}
		w.comma()
		w.buf = append(append(append(w.buf, key...), ':'), value...)
	}
	w.raw("response", f.Response)
	return w.close()
}

// Event is the body of event executions.
type Event struct {
	AggregateID   string
	AggregateType string
	ResourceOwner string
	InstanceID    string
	Version       string
	Sequence      uint64
	Type          string // "user.human.added"
	CreatedAt     time.Time
	UserID        string // who caused it
	Payload       []byte // raw JSON object
	// Attributes are what the publisher said beside the body, e.g. a
	// CloudEvent's source. The published API knows none.
	Attributes map[string]string
}

// Append appends the body to dst.
func (e Event) Append(dst []byte) []byte {
	w := writer{buf: dst}
	w.open()
	w.text("aggregateID", e.AggregateID)
	w.text("aggregateType", e.AggregateType)
	w.text("resourceOwner", e.ResourceOwner)
	w.text("instanceID", e.InstanceID)
	w.text("version", e.Version)
	if e.Sequence != 0 {
		w.key("sequence")
		w.buf = strconv.AppendUint(w.buf, e.Sequence, 10)
	}
	w.text("event_type", e.Type)
	if !e.CreatedAt.IsZero() {
		w.key("created_at")
		w.buf = append(e.CreatedAt.UTC().AppendFormat(append(w.buf, '"'), time.RFC3339Nano), '"')
	}
	w.text("userID", e.UserID)
	w.raw("event_payload", e.Payload)
	w.texts("attributes", e.Attributes)
	return w.close()
}

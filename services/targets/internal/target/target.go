// Package target is what a target is and may become: its configuration and the
// rules for it, what a patch changes, and what a search asks. It decides on
// what it is given and does no I/O.
package target

import (
	"strings"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
)

// MaxTimeout is the longest a target may be waited for; from the API's rules.
const MaxTimeout = 270 * time.Second

// Error ids of the wire for a new target.
const (
	idNewName     = "COMMAND-ddqbm9us5p" // also a target without a kind
	idNewTimeout  = "COMMAND-39f35d8uri"
	idNewEndpoint = "COMMAND-1r2k6qo6wg"
)

// ID names a target: a decimal snowflake.
type ID string

// ParseID returns s as an id; ok is false for what no target can be called.
func ParseID(s string) (id ID, ok bool) { return ID(s), ident.IsSnowflake(s) }

// Kind says what is done with a target's answer.
type Kind uint8

// The kinds, numbered as in targets.proto; searches sort by the number.
const (
	Webhook Kind = iota + 1 // wait, check the status
	Call                    // wait, use the body
	Async                   // deliver durably, do not wait
)

// Payload says how what is sent to a target travels.
type Payload uint8

// The payload types, numbered as on every wire, where 0 says nothing.
const (
	JSON Payload = iota + 1 // as it is
	JWT                     // signed with the tenant's web key
	JWE                     // signed, then encrypted for the target's active public key
)

// Config is what an operator says about a target.
type Config struct {
	Name string // need not be unique
	Kind Kind
	// InterruptOnError stops the chain when the target fails. Never set for
	// Async: nobody waits to be stopped.
	InterruptOnError bool
	Timeout          time.Duration // over connect, headers and body together
	Endpoint         string        // see checkEndpoint; may hold credentials, so it is not for logs
	Payload          Payload
}

// Target is a target as it is kept.
type Target struct {
	ID ID
	Config
	Version uint64 // 1 at first, raised by every change
	Created time.Time
	Changed time.Time
	// DisabledReason says why nothing is sent to it; empty: it is enabled.
	DisabledReason string
	DisabledAt     time.Time // zero: it is enabled
}

// Check reports why a target cannot be made like this, as an Invalid fault
// that names the field.
func (c Config) Check() error {
	if err := checkName(c.Name, idNewName); err != nil {
		return err
	}
	if c.Kind < Webhook || c.Kind > Async {
		return fault.Invalid("target needs one of restWebhook, restCall and restAsync").WithID(idNewName)
	}
	if err := checkTimeout(c.Timeout, idNewTimeout); err != nil {
		return err
	}
	if err := checkPayload(c.Payload); err != nil {
		return err
	}
	return checkEndpoint(c.Endpoint, idNewEndpoint)
}

func checkName(name, errorID string) error {
	switch {
	case name == "":
		return fault.Invalid("name must not be empty").WithID(errorID)
	case strings.ContainsRune(name, 0): // which Postgres cannot keep
		return fault.Invalid("name must not contain a NUL character").WithID(errorID)
	}
	return nil
}

func checkTimeout(d time.Duration, errorID string) error {
	if d <= 0 || d > MaxTimeout {
		return fault.Invalid("timeout must be more than 0s and at most %.0fs", MaxTimeout.Seconds()).WithID(errorID)
	}
	return nil
}

func checkPayload(p Payload) error {
	if p < JSON || p > JWE {
		return fault.Invalid("payload_type must be JSON, JWT or JWE")
	}
	return nil
}

// ParseIDs returns what in raw can name a target.
func ParseIDs(raw []string) []ID {
	ids := make([]ID, 0, len(raw)) // not nil: Postgres would read that as NULL
	for _, r := range raw {
		if id, ok := ParseID(r); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

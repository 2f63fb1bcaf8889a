// Package audit is the form of an organization's audit chain, and what is
// wrong with one. Each entry's hash covers its bytes and the hash before it;
// heads of the chain are kept outside the database, where they tell of a tail
// that was cut off and of a chain that was written anew.
package audit

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"
)

// The types of entries.
const (
	Submitted    = "submitted"
	AutoApproved = "auto_approved"
	Decided      = "decided" // an approval that is not enough yet
	Approved     = "approved"
	Denied       = "denied"
	Expired      = "expired"
	Canceled     = "canceled"
	BrokeGlass   = "break_glass"
	Executed     = "executed"
	Failed       = "failed"
	Stale        = "stale"
	Retried      = "retried"
	Abandoned    = "abandoned"
)

// Types returns all types.
func Types() []string {
	return []string{
		Submitted, AutoApproved, Decided, Approved, Denied, Expired, Canceled, BrokeGlass, Executed, Failed, Stale, Retried, Abandoned,
	}
}

// Entry is something that happened, as it is hashed and told. Fields are only
// ever added.
type Entry struct {
	Sequence     int64     `json:"sequence"`
	Type         string    `json:"type"`
	At           time.Time `json:"at"`
	Tenant       string    `json:"tenant"`
	Organization string    `json:"organizationId"`
	Request      string    `json:"actionRequestId"`
	Status       string    `json:"status"`
	ActionType   string    `json:"actionType"`
	DisplayName  string    `json:"displayName"`
	Category     string    `json:"category"`
	SubmittedBy  string    `json:"submittedById"`
	// Actor is who did it; nil: time, or the system.
	Actor *Actor `json:"actor,omitempty"`
	Note  string `json:"note,omitempty"`
	// PayloadHash is the SHA-256, hex, of what is executed; DisplayHash of
	// what reviewers see of it.
	PayloadHash string `json:"payloadHash"`
	DisplayHash string `json:"displayHash,omitempty"`
	Version     int    `json:"version"`
	Required    int    `json:"requiredApprovals"`
	// Approvers are those whose approvals counted.
	Approvers []string `json:"approvers,omitempty"`
	Error     string   `json:"error,omitempty"`
}

// Actor is a person as he was known then.
type Actor struct {
	ID    string `json:"id"`
	Email string `json:"email,omitempty"`
	Name  string `json:"name,omitempty"`
}

// Bytes returns the entry as it is hashed.
func (e Entry) Bytes() ([]byte, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode an audit entry: %w", err)
	}
	return text, nil
}

// Hash links an entry to what is before it.
func Hash(previous, entry []byte) []byte {
	h := sha256.New()
	h.Write(previous)
	h.Write(entry)
	return h.Sum(nil)
}

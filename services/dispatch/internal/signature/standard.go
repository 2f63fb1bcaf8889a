package signature

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Names of the Standard Webhooks headers (specification 1.0.0).
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// ErrID is a message id that Standard Webhooks cannot sign. The signed message
// is "id.timestamp.body", so a "." in the id would let two different messages
// share a signature; an empty id is refused by receivers.
var ErrID = errors.New("webhook id is empty or has a character other than letters, digits, '_' and '-'")

// Standard is the set of Standard Webhooks headers of one attempt.
type Standard struct {
	ID        string // stable over retries: the receiver's idempotency key
	Timestamp string // unix seconds of this attempt
	Signature string // space separated list of "v1,<base64>" and "v1a,<base64>"
}

// Standard returns the Standard Webhooks headers for body sent at the given
// time. For each key the list has a signature made with the key's characters,
// for receivers that use [StandardWebhooksSecret], and one made with the key
// read as base64 where that is a legal secret, for receivers into whose
// library the bare key was pasted; libraries accept any one that matches.
// Behind them comes a "v1a" entry for each ed25519 key, over the same message:
// libraries that know no v1a skip it.
//
// Without a key the result is zero: the headers are then omitted. It returns
// [ErrID] for an id that cannot be signed.
func (s *Signer) Standard(id string, at time.Time, body []byte) (Standard, error) {
	if s.Empty() {
		return Standard{}, nil
	}
	if !validID(id) {
		return Standard{}, ErrID
	}
	m := s.pool.Get().(*macs)
	defer s.pool.Put(m)
	timestamp := strconv.FormatInt(at.Unix(), 10)
	m.prefix = append(append(m.prefix[:0], id...), '.')
	m.prefix = append(append(m.prefix, timestamp...), '.')
	m.header = m.header[:0]
	for _, h := range m.standard {
		m.entry("v1,", m.compute(h, body))
	}
	if len(s.pairs) > 0 {
		message := m.message(body)
		for _, pair := range s.pairs {
			m.entry("v1a,", ed25519.Sign(pair, message))
		}
	}
	return Standard{ID: id, Timestamp: timestamp, Signature: string(m.header)}, nil
}

// entry adds a signature to the list.
func (m *macs) entry(version string, signature []byte) {
	if len(m.header) > 0 {
		m.header = append(m.header, ' ')
	}
	m.header = base64.StdEncoding.AppendEncode(append(m.header, version...), signature)
}

// validID keeps to an alphabet that is also safe in a header line.
func validID(id string) bool {
	return id != "" && strings.IndexFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-'
	}) < 0
}

// Package settings is how a target is called beyond what ZITADEL's API says of
// it: retries, limits, headers, TLS, private addresses, signatures. It holds
// the rules for them, and for what happens to secrets that are left out. It
// decides on what it is given and does no I/O.
package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
)

// idInvalid is ours.
const idInvalid = "TARGET-s3tt1ngs1"

// Settings of a target; the zero value has the defaults. Its JSON is without
// secrets.
type Settings struct {
	Retry       Retry    `json:"retry"`
	Limits      Limits   `json:"limits"`
	Headers     []Header `json:"headers,omitempty"`
	TLS         TLS      `json:"tls"`
	EgressAllow []string `json:"egress_allow,omitempty"`
	Ed25519     bool     `json:"ed25519,omitempty"` // signatures "v1a"
	Trace       Trace    `json:"trace,omitempty"`
}

// Trace says what a target is told of the trace that a call belongs to; ""
// means the sender's default.
type Trace string

// The values are stored, and shown to approvers.
const (
	TraceStrip   Trace = "strip"   // nothing
	TraceInject  Trace = "inject"  // the trace itself
	TraceRestart Trace = "restart" // another one, to which ours links
)

// Retry says when a failed delivery is tried again; zero values mean the
// sender's defaults.
type Retry struct {
	MaxAttempts int             `json:"max_attempts,omitempty"`
	Schedule    []time.Duration `json:"schedule,omitempty"`
	Final       []int           `json:"final,omitempty"`     // HTTP statuses
	Retryable   []int           `json:"retryable,omitempty"` // HTTP statuses
}

// Limits bound what a target is burdened with; zero values mean the sender's
// defaults.
type Limits struct {
	MaxConcurrency  int           `json:"max_concurrency,omitempty"`
	RatePerSecond   float64       `json:"rate_per_second,omitempty"`
	CircuitFailures int           `json:"circuit_failures,omitempty"`
	CircuitPause    time.Duration `json:"circuit_pause,omitempty"`
}

// Bounds are how much a target may have; operators set them.
type Bounds struct {
	Headers     int
	EgressAllow int // 0: none may be allowed
}

// secrets is what Secrets writes and WithSecrets reads.
type secrets struct {
	Headers map[string]string `json:"headers,omitempty"` // by name
	Client  string            `json:"client,omitempty"`  // the key of the certificate
}

// Check reports what is wrong, as an Invalid fault that names the field. What a
// field alone must be is said, and checked, by the contract.
func (s Settings) Check(b Bounds) error {
	for _, check := range []func() error{
		s.Retry.check,
		func() error { return checkHeaders(s.Headers, b.Headers) },
		s.TLS.check,
		func() error { return checkEgress(s.EgressAllow, b.EgressAllow) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// Complete returns s with the secrets that it leaves out taken from stored.
func (s Settings) Complete(stored Settings) Settings {
	s.Headers = completeHeaders(s.Headers, stored.Headers)
	if s.TLS.Certificate != "" && s.TLS.Key.IsZero() {
		s.TLS.Key = stored.TLS.Key
	}
	return s
}

// Equal reports whether s and o say the same, secrets included.
func (s Settings) Equal(o Settings) bool { return reflect.DeepEqual(s, o) }

// Document returns s as JSON, without secrets.
func (s Settings) Document() ([]byte, error) {
	document, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	return document, nil
}

// Secrets returns the secrets of s, for WithSecrets.
func (s Settings) Secrets() (config.Secret, error) {
	plain := secrets{Headers: map[string]string{}, Client: s.TLS.Key.Reveal()}
	for _, h := range s.Headers {
		if h.Secret {
			plain.Headers[h.Name] = h.Hidden.Reveal()
		}
	}
	data, err := json.Marshal(plain)
	if err != nil {
		return config.Secret{}, fmt.Errorf("encode secrets of settings: %w", err)
	}
	return config.NewSecret(string(data)), nil
}

// Read puts a document and its secrets together again.
func Read(document []byte, hidden config.Secret) (s Settings, err error) {
	if err := json.Unmarshal(document, &s); err != nil {
		return Settings{}, fmt.Errorf("read settings: %w", err)
	}
	var plain secrets
	if json.Unmarshal([]byte(hidden.Reveal()), &plain) != nil { // its error might repeat a secret
		return Settings{}, errors.New("read settings: the secrets are not JSON")
	}
	for i, h := range s.Headers {
		if h.Secret {
			s.Headers[i].Hidden = config.NewSecret(plain.Headers[h.Name])
		}
	}
	if plain.Client != "" {
		s.TLS.Key = config.NewSecret(plain.Client)
	}
	return s, nil
}

// invalid says what is wrong with a field of the settings.
func invalid(field, format string, args ...any) error {
	return fault.Invalid("settings.%s %s", field, fmt.Sprintf(format, args...)).WithID(idInvalid)
}

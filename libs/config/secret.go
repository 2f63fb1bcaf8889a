package config

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a string that shows itself only to those who call Reveal: fmt,
// slog, JSON and text encodings print [redacted], or nothing when it is empty.
// URLs that may hold a password are secrets.
//
// The value is behind a pointer because fmt calls no methods on unexported
// fields: a struct that keeps a Secret in one then prints an address.
type Secret struct {
	value *string
}

// NewSecret returns a secret that holds value.
func NewSecret(value string) Secret { return Secret{value: &value} }

// Reveal returns the value itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// String returns "[redacted]", or "" for an empty secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// Format prints the same under every verb, %d and %#v included.
func (s Secret) Format(f fmt.State, _ rune) {
	_, _ = f.Write([]byte(s.String())) // fmt's own buffer, it does not fail
}

// LogValue keeps the value out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps the value out of JSON and other encodings.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes text as the value.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

package invocation

import "log/slog"

// Secrets are values that a script may ask for by name. They are never
// printed.
type Secrets map[string]string

// String hides the values.
func (Secrets) String() string { return "[redacted]" }

// GoString hides the values.
func (Secrets) GoString() string { return "[redacted]" }

// LogValue hides the values.
func (Secrets) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalJSON hides the values.
func (Secrets) MarshalJSON() ([]byte, error) { return []byte(`"[redacted]"`), nil }

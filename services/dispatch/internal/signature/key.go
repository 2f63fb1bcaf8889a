package signature

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
)

// Limits of a Standard Webhooks HMAC secret, in bytes (specification 1.0.0).
const (
	minStandardSecret = 24
	maxStandardSecret = 64
)

const (
	redacted       = "[redacted]"
	standardPrefix = "whsec_"
)

// Key is a target's signing key as the API shows it: 36 alphanumeric
// characters when we made it, any text when it was brought along. It prints as
// "[redacted]"; convert to string to read it.
type Key string

// Format writes "[redacted]" for every verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue keeps the key out of structured logs.
func (Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// StandardWebhooksSecret returns the key in the notation that Standard
// Webhooks libraries document: "whsec_" and the base64 of the key's
// characters. A receiver pastes it into a library of its choice.
//
// Pasting the bare key works too for every key we generated: 36 alphanumeric
// characters are valid base64 of 27 bytes, which is what those libraries then
// take as the secret, and [Signer.Standard] signs for that reading as well.
func StandardWebhooksSecret(key Key) string {
	return standardPrefix + base64.StdEncoding.EncodeToString([]byte(key))
}

// pasted returns the secret that a Standard Webhooks library derives when the
// bare key is pasted into it, or nil where that is no legal secret.
func pasted(key Key) []byte {
	secret, err := base64.StdEncoding.DecodeString(string(key))
	if err != nil || len(secret) < minStandardSecret || len(secret) > maxStandardSecret {
		return nil
	}
	return secret
}

package backup

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/host"
)

const (
	// fingerprintScheme begins a fingerprint and says how it is made.
	fingerprintScheme = "pbkdf2-sha256"
	// rounds make guessing a key from its fingerprint slow. Keys are random: what
	// is feared is one that somebody thought up.
	rounds          = 100_000
	saltBytes       = 16
	fingerprintSize = 16
)

// errOtherKey says that a secret of the backup could not be read.
var errOtherKey = errors.New("ACTIONPLANE_MASTER_KEY is not the one that the backup was made under: its secrets could not be read")

// KeyCommand returns the subcommand `key`.
func KeyCommand(lookup func(string) (string, bool)) host.Subcommand {
	return host.Subcommand{Name: "key", Run: func(_ context.Context, args []string) error {
		cfg, err := config.Load(struct {
			MasterKey config.Secret `env:"ACTIONPLANE_MASTER_KEY"`
		}{}, lookup)
		if err != nil {
			return host.Misconfigured(err)
		}
		if cfg.MasterKey.IsZero() {
			return host.Misconfigured(errors.New("ACTIONPLANE_MASTER_KEY is not set"))
		}
		switch {
		case len(args) == 1 && args[0] == "fingerprint":
			text, err := Fingerprint(cfg.MasterKey.Reveal())
			if err == nil {
				fmt.Println(text)
			}
			return err
		case len(args) == 2 && args[0] == "check":
			return Check(cfg.MasterKey.Reveal(), args[1])
		}
		return host.Misconfigured(errors.New("usage: actionplane key fingerprint | check <fingerprint>"))
	}}
}

// Fingerprint returns a text by which the key is known again, and from which it
// cannot be had: "pbkdf2-sha256:<salt>:<hash>".
func Fingerprint(key string) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	return fingerprint(key, salt)
}

func fingerprint(key string, salt []byte) (string, error) {
	sum, err := pbkdf2.Key(sha256.New, key, salt, rounds, fingerprintSize)
	if err != nil {
		return "", fmt.Errorf("fingerprint: %w", err)
	}
	return strings.Join([]string{fingerprintScheme, hex.EncodeToString(salt), hex.EncodeToString(sum)}, ":"), nil
}

// Check compares a key with a fingerprint.
func Check(key, with string) error {
	parts := strings.Split(strings.TrimSpace(with), ":")
	if len(parts) != 3 || parts[0] != fingerprintScheme {
		return errors.New("that is no fingerprint of ours")
	}
	salt, err := hex.DecodeString(parts[1])
	if err != nil {
		return fmt.Errorf("the fingerprint cannot be read: %w", err)
	}
	again, err := fingerprint(key, salt)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(again), []byte(strings.Join(parts, ":"))) != 1 {
		return errOtherKey
	}
	return nil
}

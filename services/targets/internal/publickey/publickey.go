// Package publickey is what a target's public keys are, that payloads may be
// encrypted for: which are accepted, when one is used, and what a search finds.
// It decides on what it is given and does no I/O.
package publickey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
)

// What the original calls these errors.
const (
	idFormat     = "ErrPublicKeyFormat"
	idExpiration = "ErrExpirationDateBeforeNow"
	idActive     = "ErrPublicKeyDeleteActiveKey"
	idExpired    = "TARGET-pk3xp1r3d" // ours
)

// The bounds of an RSA modulus, in bits. Less is weak, more is slow for who
// encrypts.
const (
	minRSA = 2048
	maxRSA = 8192
)

const (
	blockType = "PUBLIC KEY"
	maxPEM    = 8192 // bytes; from the API's rules
)

// Key is a public key of a target.
type Key struct {
	ID          string
	Active      bool
	PEM         []byte // as it was added
	Fingerprint string
	Created     time.Time
	Changed     time.Time
	Expires     time.Time // zero: it does not expire
}

// UsableAt reports whether payloads are encrypted for the key.
func (k Key) UsableAt(now time.Time) bool { return k.Active && !k.expiredAt(now) }

func (k Key) expiredAt(now time.Time) bool { return !k.Expires.IsZero() && !k.Expires.After(now) }

// New returns a key, inactive, from what was added, or an Invalid fault. With
// expires nil it does not expire.
func New(id string, raw []byte, expires *time.Time, now time.Time) (Key, error) {
	der, err := Parse(raw)
	if err != nil {
		return Key{}, err
	}
	k := Key{ID: id, PEM: raw, Fingerprint: fingerprint(der), Created: now, Changed: now}
	if expires == nil {
		return k, nil
	}
	if !expires.After(now) {
		return Key{}, fault.Invalid("expiration_date must be in the future").WithID(idExpiration)
	}
	k.Expires = *expires
	return k, nil
}

// CheckActivate reports why k cannot become the active key.
func (k Key) CheckActivate(now time.Time) error {
	if k.expiredAt(now) {
		return fault.FailedPrecondition("The public key expired at %s", k.Expires.UTC().Format(time.RFC3339)).WithID(idExpired)
	}
	return nil
}

// CheckRemove reports why k cannot be removed.
func (k Key) CheckRemove() error {
	if k.Active {
		return fault.FailedPrecondition("The public key is active: activate another or deactivate it first").WithID(idActive)
	}
	return nil
}

// Parse returns the key in raw as PKIX, DER. raw is one block of PEM, "PUBLIC
// KEY", with nothing but white space around it, and holds an RSA key of 2048 to
// 8192 bits or an EC key on P-256, P-384 or P-521; anything else is Invalid.
func Parse(raw []byte) (der []byte, err error) {
	if len(raw) > maxPEM {
		return nil, malformed("must be at most 8192 bytes")
	}
	trimmed := bytes.TrimSpace(raw)
	block, rest := pem.Decode(trimmed)
	switch {
	case block == nil || !bytes.HasPrefix(trimmed, []byte("-----BEGIN")):
		return nil, malformed("must be PEM")
	case block.Type != blockType:
		return nil, malformed("must be a block of type PUBLIC KEY (PKIX)")
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, malformed("must be one block of PEM and nothing else")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, malformed("cannot be read as a PKIX public key").Because(err)
	}
	if why := problem(key); why != "" {
		return nil, malformed(why)
	}
	return block.Bytes, nil
}

// problem completes the sentence "public_key …"; empty: there is none.
func problem(key any) string {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < minRSA || n > maxRSA {
			return "must have 2048 to 8192 bits when it is RSA"
		}
	case *ecdsa.PublicKey:
		if k.Params().BitSize < 256 {
			return "must be on P-256, P-384 or P-521 when it is EC"
		}
	default:
		return "must be RSA or EC"
	}
	return ""
}

func malformed(why string) *fault.Error {
	return fault.Invalid("public_key %s", why).WithID(idFormat)
}

// fingerprint is written as OpenSSH writes its own.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

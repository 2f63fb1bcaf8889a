// Package signing signs and verifies for scripts: HMAC, RSA (PKCS #1 v1.5 and
// PSS), ECDSA and Ed25519, with keys as PEM, DER, JWK or raw bytes, and JSON
// Web Tokens on top of it. It decides nothing itself: all of it is the standard
// library's cryptography.
package signing

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// maxRSA is the longest RSA key, in bits: signing takes cubic time, and nothing
// interrupts it.
const maxRSA = 8192

var errKey = errors.New("the key cannot be read")

// Key is a secret, or a private or public key. The zero Key is none.
type Key struct {
	secret  []byte
	private crypto.Signer
	public  crypto.PublicKey // of private too
}

// Secret returns a key for HMAC.
func Secret(b []byte) Key { return Key{secret: append([]byte{}, b...)} }

// Kind returns secret, private or public, as browsers call it.
func (k Key) Kind() string {
	switch {
	case k.private != nil:
		return "private"
	case k.public != nil:
		return "public"
	}
	return "secret"
}

// ParsePEM reads a private key (PKCS #8, PKCS #1, SEC 1), a public key (SPKI,
// PKCS #1) or the key of a certificate.
func ParsePEM(text string) (Key, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return Key{}, fmt.Errorf("%w: it is no PEM", errKey)
	}
	switch block.Type {
	case "PRIVATE KEY":
		return ParsePKCS8(block.Bytes)
	case "PUBLIC KEY":
		return ParseSPKI(block.Bytes)
	case "RSA PRIVATE KEY":
		return parsed(x509.ParsePKCS1PrivateKey(block.Bytes))
	case "EC PRIVATE KEY":
		return parsed(x509.ParseECPrivateKey(block.Bytes))
	case "RSA PUBLIC KEY":
		return parsed(x509.ParsePKCS1PublicKey(block.Bytes))
	case "CERTIFICATE":
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return Key{}, fmt.Errorf("%w: %w", errKey, err)
		}
		return newKey(certificate.PublicKey)
	}
	return Key{}, fmt.Errorf("%w: unknown PEM block %q", errKey, block.Type)
}

// ParsePKCS8 reads a private key in DER.
func ParsePKCS8(der []byte) (Key, error) { return parsed(x509.ParsePKCS8PrivateKey(der)) }

// ParseSPKI reads a public key in DER.
func ParseSPKI(der []byte) (Key, error) { return parsed(x509.ParsePKIXPublicKey(der)) }

// Ed25519Public returns a public key from its 32 bytes.
func Ed25519Public(raw []byte) (Key, error) {
	if len(raw) != ed25519.PublicKeySize {
		return Key{}, fmt.Errorf("%w: a raw Ed25519 key has %d bytes", errKey, ed25519.PublicKeySize)
	}
	return newKey(ed25519.PublicKey(append([]byte{}, raw...)))
}

func parsed[T any](key T, err error) (Key, error) {
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", errKey, err)
	}
	return newKey(key)
}

func newKey(key any) (Key, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return Key{private: k, public: &k.PublicKey}, checkRSA(&k.PublicKey)
	case *ecdsa.PrivateKey:
		return Key{private: k, public: &k.PublicKey}, nil
	case ed25519.PrivateKey:
		return Key{private: k, public: k.Public()}, nil
	case *rsa.PublicKey:
		return Key{public: k}, checkRSA(k)
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return Key{public: k}, nil
	}
	return Key{}, fmt.Errorf("%w: keys of type %T are of no use here", errKey, key)
}

func checkRSA(k *rsa.PublicKey) error {
	if k.N.BitLen() > maxRSA {
		return fmt.Errorf("%w: it is longer than %d bits", errKey, maxRSA)
	}
	return nil
}

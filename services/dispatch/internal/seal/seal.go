// Package seal makes the payload types JWT and JWE: a body signed with the
// tenant's web key, and that encrypted for the target. It is pure but for the
// randomness that both need.
//
// As in the original, the JWT is the JSON body as it is, without claims of our
// own: receivers find the payload where it has always been. What protects from
// replay is the signature header, which covers the text made here.
package seal

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"github.com/actionplane/actionplane/libs/fault"
)

// errNoKey is what sealing for a target without an active key comes to; id and
// text are the wire's.
var errNoKey = fault.FailedPrecondition("Errors.Execution.MissingEncryptionKey").WithID("EXEC-2n8fhs7g")

// WebKey signs.
type WebKey struct {
	ID         string // the JWT's "kid", as the JWKS has it
	Algorithm  string // "ES256" or "RS256"
	PrivateKey []byte // PKCS #8, DER
}

// EncryptionKey is whom a JWE is for.
type EncryptionKey struct {
	ID        string // the JWE's "kid"
	PublicKey []byte // PKIX, DER; RSA or EC
}

// Sealer seals bodies. It is safe for concurrent use.
type Sealer struct {
	signer jose.Signer
	// encrypts says that a JWE is wanted; encrypter is nil while there is no
	// key for one.
	encrypts  bool
	encrypter jose.Encrypter
}

// NewJWT returns a sealer that signs.
func NewJWT(key WebKey) (*Sealer, error) {
	signer, err := newSigner(key)
	if err != nil {
		return nil, fmt.Errorf("web key %s: %w", key.ID, err)
	}
	return &Sealer{signer: signer}, nil
}

// NewJWE returns a sealer that signs and encrypts. Without a key to encrypt
// with, nil, it refuses to seal.
func NewJWE(key WebKey, recipient *EncryptionKey) (*Sealer, error) {
	s, err := NewJWT(key)
	if err != nil {
		return nil, err
	}
	s.encrypts = true
	if recipient == nil {
		return s, nil
	}
	if s.encrypter, err = newEncrypter(*recipient); err != nil {
		return nil, fmt.Errorf("encryption key %s: %w", recipient.ID, err)
	}
	return s, nil
}

// Seal returns the body as compact JWT or JWE. CodeFailedPrecondition with the
// wire's id: there is no key to encrypt with.
func (s *Sealer) Seal(body []byte) ([]byte, error) {
	if s.encrypts && s.encrypter == nil {
		return nil, errNoKey
	}
	signed, err := s.signer.Sign(body)
	if err != nil {
		return nil, fmt.Errorf("sign the payload: %w", err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		return nil, fmt.Errorf("write the JWT: %w", err)
	}
	if !s.encrypts {
		return []byte(text), nil
	}
	return s.encrypt(text)
}

func (s *Sealer) encrypt(text string) ([]byte, error) {
	encrypted, err := s.encrypter.Encrypt([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("encrypt the payload: %w", err)
	}
	if text, err = encrypted.CompactSerialize(); err != nil {
		return nil, fmt.Errorf("write the JWE: %w", err)
	}
	return []byte(text), nil
}

func newSigner(key WebKey) (jose.Signer, error) {
	private, err := x509.ParsePKCS8PrivateKey(key.PrivateKey)
	if err != nil {
		return nil, errors.New("not a PKCS #8 private key") // the cause may quote the key
	}
	var algorithm jose.SignatureAlgorithm
	switch key.Algorithm {
	case "ES256":
		algorithm = jose.ES256
	case "RS256":
		algorithm = jose.RS256
	default:
		return nil, fmt.Errorf("algorithm %q is neither ES256 nor RS256", key.Algorithm)
	}
	return jose.NewSigner(
		jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: private, KeyID: key.ID}},
		(&jose.SignerOptions{}).WithType("JWT"))
}

func newEncrypter(key EncryptionKey) (jose.Encrypter, error) {
	public, err := x509.ParsePKIXPublicKey(key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("not a PKIX public key: %w", err)
	}
	to := jose.Recipient{Key: public, KeyID: key.ID}
	switch public.(type) {
	case *rsa.PublicKey:
		to.Algorithm = jose.RSA_OAEP_256
	case *ecdsa.PublicKey:
		to.Algorithm = jose.ECDH_ES_A256KW
	default:
		return nil, fmt.Errorf("a key of type %T is neither RSA nor EC", public)
	}
	return jose.NewEncrypter(jose.A256GCM, to, (&jose.EncrypterOptions{}).WithType("JWT").WithContentType("JWT"))
}

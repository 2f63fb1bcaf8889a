// Package webkey makes the keys that sign JWT payloads, one pair a tenant at a
// time, and shows their public half as receivers expect it (RFC 7517).
//
// They are ES256: small, quick to sign with, and verified by every JOSE library.
package webkey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"

	"github.com/actionplane/actionplane/libs/config"
)

// Algorithm is how keys sign: ECDSA on P-256 with SHA-256.
const Algorithm = "ES256"

// coordinate is the length of a coordinate of a point on P-256, in bytes.
const coordinate = 32

// Public is a key that verifies.
type Public struct {
	ID        string // the thumbprint of RFC 7638: the same key has the same id everywhere
	Algorithm string
	DER       []byte // PKIX
}

// Pair is a key that signs.
type Pair struct {
	Public
	Private config.Secret // PKCS #8, DER
}

// JWK is a public key as a JSON Web Key's members; curve and coordinates are
// those of "EC".
type JWK struct{ Kty, Crv, X, Y string }

// New returns a pair that nobody has.
func New() (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("make a web key: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("encode a web key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return Pair{}, fmt.Errorf("encode a web key: %w", err)
	}
	public := Public{Algorithm: Algorithm, DER: der}
	jwk, err := public.JWK()
	if err != nil {
		return Pair{}, err
	}
	public.ID = jwk.thumbprint()
	return Pair{Public: public, Private: config.NewSecret(string(private))}, nil
}

// JWK returns the key's members.
func (p Public) JWK() (JWK, error) {
	parsed, err := x509.ParsePKIXPublicKey(p.DER)
	if err != nil {
		return JWK{}, fmt.Errorf("read web key %s: %w", p.ID, err)
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return JWK{}, fmt.Errorf("read web key %s: not on P-256", p.ID)
	}
	point, err := key.Bytes() // 4, x, y
	if err != nil {
		return JWK{}, fmt.Errorf("read web key %s: %w", p.ID, err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return JWK{Kty: "EC", Crv: "P-256", X: encode(point[1 : 1+coordinate]), Y: encode(point[1+coordinate:])}, nil
}

// thumbprint is that of RFC 7638: members in the order of their names, without
// blanks.
func (k JWK) thumbprint() string {
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":%q,"kty":%q,"x":%q,"y":%q}`, k.Crv, k.Kty, k.X, k.Y))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

package signing

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
)

// jwk is a JSON Web Key (RFC 7517, 7518, 8037).
type jwk struct {
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	K     part   `json:"k"`
	N     part   `json:"n"`
	E     part   `json:"e"`
	D     part   `json:"d"`
	P     part   `json:"p"`
	Q     part   `json:"q"`
	X     part   `json:"x"`
	Y     part   `json:"y"`
}

// part is bytes in Base64url.
type part []byte

// UnmarshalJSON decodes the Base64url.
func (p *part) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	*p = b
	return err
}

func (p part) int() *big.Int { return new(big.Int).SetBytes(p) }

// ParseJWK reads a key of the types oct, RSA, EC and OKP (Ed25519).
func ParseJWK(raw []byte) (Key, error) {
	var j jwk
	if err := json.Unmarshal(raw, &j); err != nil {
		return Key{}, fmt.Errorf("%w: %w", errKey, err)
	}
	switch j.Type {
	case "oct":
		return Secret(j.K), nil
	case "RSA":
		return j.rsa()
	case "EC":
		return j.ec()
	case "OKP":
		return j.okp()
	}
	return Key{}, fmt.Errorf("%w: unknown type %.20q", errKey, j.Type)
}

func (j jwk) rsa() (Key, error) {
	exponent := j.E.int()
	if len(j.N) == 0 || len(j.N) > maxRSA/8 || !exponent.IsInt64() || exponent.Int64() > math.MaxInt32 {
		return Key{}, fmt.Errorf("%w: modulus or exponent", errKey)
	}
	public := rsa.PublicKey{N: j.N.int(), E: int(exponent.Int64())}
	if len(j.D) == 0 {
		return newKey(&public)
	}
	private := &rsa.PrivateKey{PublicKey: public, D: j.D.int(), Primes: []*big.Int{j.P.int(), j.Q.int()}}
	if err := private.Validate(); err != nil {
		return Key{}, fmt.Errorf("%w: %w", errKey, err)
	}
	private.Precompute()
	return newKey(private)
}

func (j jwk) ec() (Key, error) {
	curve, ok := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[j.Curve]
	if !ok {
		return Key{}, fmt.Errorf("%w: unknown curve %.20q", errKey, j.Curve)
	}
	if len(j.D) > 0 {
		return parsed(ecdsa.ParseRawPrivateKey(curve, j.D))
	}
	size := (curve.Params().BitSize + 7) / 8
	if len(j.X) > size || len(j.Y) > size {
		return Key{}, fmt.Errorf("%w: coordinates", errKey)
	}
	point := make([]byte, 1+2*size)
	point[0] = 4 // uncompressed
	copy(point[1+size-len(j.X):], j.X)
	copy(point[1+2*size-len(j.Y):], j.Y)
	return parsed(ecdsa.ParseUncompressedPublicKey(curve, point))
}

func (j jwk) okp() (Key, error) {
	switch {
	case j.Curve != "Ed25519":
		return Key{}, fmt.Errorf("%w: unknown curve %.20q", errKey, j.Curve)
	case len(j.D) == ed25519.SeedSize:
		return newKey(ed25519.NewKeyFromSeed(j.D))
	case len(j.D) > 0:
		return Key{}, fmt.Errorf("%w: private part", errKey)
	}
	return Ed25519Public(j.X)
}

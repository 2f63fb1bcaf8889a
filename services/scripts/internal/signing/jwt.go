package signing

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// algorithms are those of tokens (RFC 7518, 8037), with the curve that ECDSA
// is tied to. There is no "none".
var algorithms = map[string]struct {
	Algorithm
	curve string
}{
	"HS256": {Algorithm{Scheme: HMAC, Hash: crypto.SHA256}, ""},
	"HS384": {Algorithm{Scheme: HMAC, Hash: crypto.SHA384}, ""},
	"HS512": {Algorithm{Scheme: HMAC, Hash: crypto.SHA512}, ""},
	"RS256": {Algorithm{Scheme: PKCS1, Hash: crypto.SHA256}, ""},
	"RS384": {Algorithm{Scheme: PKCS1, Hash: crypto.SHA384}, ""},
	"RS512": {Algorithm{Scheme: PKCS1, Hash: crypto.SHA512}, ""},
	"PS256": {Algorithm{Scheme: PSS, Hash: crypto.SHA256}, ""},
	"PS384": {Algorithm{Scheme: PSS, Hash: crypto.SHA384}, ""},
	"PS512": {Algorithm{Scheme: PSS, Hash: crypto.SHA512}, ""},
	"ES256": {Algorithm{Scheme: ECDSA, Hash: crypto.SHA256}, "P-256"},
	"ES384": {Algorithm{Scheme: ECDSA, Hash: crypto.SHA384}, "P-384"},
	"ES512": {Algorithm{Scheme: ECDSA, Hash: crypto.SHA512}, "P-521"},
	"EdDSA": {Algorithm{Scheme: Ed25519}, ""},
}

var (
	errToken     = errors.New("the token cannot be read")
	errSignature = errors.New("the token's signature is wrong")
)

// algorithm returns the one of a name, if the key may be used with it.
func (k Key) algorithm(name string) (Algorithm, error) {
	a, ok := algorithms[name]
	if !ok {
		return Algorithm{}, fmt.Errorf("unknown algorithm %.20q", name)
	}
	if public, ok := k.public.(*ecdsa.PublicKey); ok && public.Params().Name != a.curve {
		return Algorithm{}, errWrongKey
	}
	return a.Algorithm, nil
}

// SignToken returns claims, a JSON object, as a token. header holds further
// members of its header.
func (k Key) SignToken(name string, header map[string]any, claims []byte) (string, error) {
	a, err := k.algorithm(name)
	if err != nil {
		return "", err
	}
	all := map[string]any{"typ": "JWT"}
	for member, v := range header {
		all[member] = v
	}
	all["alg"] = name
	head, err := json.Marshal(all)
	if err != nil {
		return "", fmt.Errorf("print header: %w", err)
	}
	signed := encode(head) + "." + encode(claims)
	signature, err := k.Sign(a, []byte(signed))
	if err != nil {
		return "", err
	}
	return signed + "." + encode(signature), nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Token is one taken apart, unverified.
type Token struct {
	Header, Claims []byte // JSON objects
	algorithm      string
	signed         string
	signature      []byte
}

// ParseToken takes a token apart and verifies nothing.
func ParseToken(text string) (Token, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return Token{}, errToken
	}
	var decoded [3][]byte
	for i, p := range parts {
		b, err := base64.RawURLEncoding.DecodeString(p)
		if err != nil {
			return Token{}, errToken
		}
		decoded[i] = b
	}
	var head struct {
		Algorithm string `json:"alg"`
		Critical  []any  `json:"crit"`
	}
	var claims map[string]json.RawMessage
	if json.Unmarshal(decoded[0], &head) != nil || json.Unmarshal(decoded[1], &claims) != nil || claims == nil {
		return Token{}, errToken
	}
	if len(head.Critical) > 0 {
		return Token{}, fmt.Errorf("%w: it has critical headers", errToken)
	}
	return Token{
		Header: decoded[0], Claims: decoded[1], algorithm: head.Algorithm,
		signed: parts[0] + "." + parts[1], signature: decoded[2],
	}, nil
}

// Expected is what a token must be. Empty fields are not asked for.
type Expected struct {
	Algorithms       []string // those that are accepted; empty: every one that the key is for
	Issuer, Audience string
	Now              time.Time
	Tolerance        time.Duration // of clocks
}

// Verify checks signature, time, issuer and audience.
func (t Token) Verify(k Key, want Expected) error {
	if len(want.Algorithms) > 0 && !slices.Contains(want.Algorithms, t.algorithm) {
		return fmt.Errorf("algorithm %.20q is not accepted", t.algorithm)
	}
	a, err := k.algorithm(t.algorithm)
	if err != nil {
		return err
	}
	ok, err := k.Verify(a, t.signature, []byte(t.signed))
	if err != nil {
		return err
	}
	if !ok {
		return errSignature
	}
	return t.check(want)
}

func (t Token) check(want Expected) error {
	var claims struct {
		Issuer    string   `json:"iss"`
		Audience  any      `json:"aud"`
		Expires   *float64 `json:"exp"`
		NotBefore *float64 `json:"nbf"`
	}
	if err := json.Unmarshal(t.Claims, &claims); err != nil {
		return errToken
	}
	now := want.Now
	switch {
	case claims.Expires != nil && !now.Before(moment(*claims.Expires).Add(want.Tolerance)):
		return errors.New("the token has expired")
	case claims.NotBefore != nil && now.Before(moment(*claims.NotBefore).Add(-want.Tolerance)):
		return errors.New("the token is not valid yet")
	case want.Issuer != "" && claims.Issuer != want.Issuer:
		return errors.New("the token is from another issuer")
	case want.Audience != "" && !hasAudience(claims.Audience, want.Audience):
		return errors.New("the token is for another audience")
	}
	return nil
}

// moment reads seconds since 1970; what is out of reach is the end of time.
func moment(seconds float64) time.Time {
	const far = 1 << 40
	return time.Unix(int64(math.Max(-far, math.Min(far, seconds))), 0)
}

func hasAudience(have any, want string) bool {
	list, ok := have.([]any)
	if !ok {
		return have == want
	}
	return slices.Contains(list, any(want))
}

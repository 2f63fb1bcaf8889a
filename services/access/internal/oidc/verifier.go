package oidc

import (
	"context"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Verifier checks tokens. It is safe for concurrent use.
type Verifier struct {
	keys *Keys
	now  func() time.Time
}

// NewVerifier returns a verifier with the keys of issuers. now is the clock
// that tokens expire by.
func NewVerifier(keys *Keys, now func() time.Time) *Verifier { return &Verifier{keys: keys, now: now} }

// Verify checks a token by the settings of its issuer, and returns what it
// says. Errors: *InvalidError, or Unavailable where the keys to check it by
// cannot be had now.
func (v *Verifier) Verify(ctx context.Context, s Settings, t Token) (Claims, error) {
	if !slices.Contains(s.Algorithms, t.header.Algorithm) {
		return Claims{}, invalid("algorithm %s", t.header.Algorithm)
	}
	known, err := v.keys.Known(ctx, s.Issuer)
	if err != nil {
		return Claims{}, err
	}
	std, body, err := t.open(known.candidates(t.header))
	if err != nil && !known.names(t.header.KeyID) {
		// Perhaps it is signed by a key that is newer than what we know.
		if known, err = v.keys.Newer(ctx, s.Issuer, known); err != nil {
			return Claims{}, err
		}
		std, body, err = t.open(known.candidates(t.header))
	}
	if err != nil {
		return Claims{}, err
	}
	return check(s, std, body, v.now())
}

// open checks the signature and returns the claims.
func (t Token) open(candidates []jose.JSONWebKey) (std jwt.Claims, body map[string]any, err error) {
	for _, key := range candidates {
		if err := t.signed.Claims(key.Key, &std, &body); err == nil {
			return std, body, nil
		}
	}
	return jwt.Claims{}, nil, invalid("no key %q of %d fits its signature", t.header.KeyID, len(candidates))
}

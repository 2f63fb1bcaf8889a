package oidc

import (
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// MaxToken is the largest token that is looked at, in bytes. Headers of
// requests are hardly ever longer.
const MaxToken = 16 << 10

// Token is a JSON Web Token of which nothing is checked yet: Issuer is what it
// says of itself, for finding the settings to check it by.
type Token struct {
	Issuer string
	signed *jwt.JSONWebToken
	header jose.Header
}

// Parse reads a token in compact form with an algorithm of Algorithms. What is
// not one is not looked at further, whatever it is.
func Parse(raw string) (Token, bool) {
	if len(raw) > MaxToken || strings.Count(raw, ".") != 2 {
		return Token{}, false
	}
	signed, err := jwt.ParseSigned(raw, algorithms())
	if err != nil || len(signed.Headers) != 1 || !knownType(signed.Headers[0]) {
		return Token{}, false
	}
	var said jwt.Claims
	if err := signed.UnsafeClaimsWithoutVerification(&said); err != nil || said.Issuer == "" {
		return Token{}, false
	}
	return Token{Issuer: said.Issuer, signed: signed, header: signed.Headers[0]}, true
}

// knownType tells tokens that say who somebody is from other JWTs that an
// issuer signs, such as logout tokens (RFC 8725, 3.11).
func knownType(h jose.Header) bool {
	raw, there := h.ExtraHeaders[jose.HeaderType]
	if !there {
		return true
	}
	text, _ := raw.(string)
	switch strings.TrimPrefix(strings.ToLower(text), "application/") {
	case "jwt", "at+jwt":
		return true
	default:
		return false
	}
}

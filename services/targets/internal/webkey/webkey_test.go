package webkey_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/actionplane/actionplane/services/targets/internal/webkey"
)

// TestNew reads a key as others do: the private half by x509, the public half
// by a JOSE library that computes the thumbprint itself.
func TestNew(t *testing.T) {
	t.Parallel()
	pair, err := webkey.New()
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := pair.JWK()
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(map[string]string{"kty": jwk.Kty, "crv": jwk.Crv, "x": jwk.X, "y": jwk.Y, "use": "sig", "alg": pair.Algorithm, "kid": pair.ID})
	if err != nil {
		t.Fatal(err)
	}
	var foreign jose.JSONWebKey
	if err := foreign.UnmarshalJSON(document); err != nil || !foreign.Valid() {
		t.Fatal(err)
	}
	thumbprint, err := foreign.Thumbprint(5) // crypto.SHA256
	if err != nil || base64.RawURLEncoding.EncodeToString(thumbprint) != pair.ID {
		t.Errorf("id %s, thumbprint %x, %v", pair.ID, thumbprint, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey([]byte(pair.Private.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("payload"))
	signature, err := ecdsa.SignASN1(nil, parsed.(*ecdsa.PrivateKey), sum[:])
	if err != nil || !ecdsa.VerifyASN1(foreign.Key.(*ecdsa.PublicKey), sum[:], signature) {
		t.Errorf("the halves do not belong together: %v", err)
	}
	if other, err := webkey.New(); err != nil || other.ID == pair.ID {
		t.Errorf("two keys are alike: %v", err)
	}
}

func TestJWKOfSomethingElseIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := (webkey.Public{ID: "k", DER: []byte("?")}).JWK(); err == nil {
		t.Error("accepted")
	}
}

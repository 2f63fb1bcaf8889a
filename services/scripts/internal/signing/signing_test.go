package signing

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"
)

func pkcs8(t *testing.T, private any) (secret, public string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(private.(crypto.Signer).Public())
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return text("PRIVATE KEY", der), text("PUBLIC KEY", spki)
}

func mustKey(t *testing.T, text string) Key {
	t.Helper()
	k, err := ParsePEM(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestToken(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	now := time.Unix(1_700_000_000, 0)
	secret := Secret([]byte("s"))
	for name, private := range map[string]any{"RS256": rsaKey, "PS384": rsaKey, "ES256": p256, "EdDSA": ed, "HS512": nil} {
		signer, verifier := secret, secret
		if private != nil {
			a, b := pkcs8(t, private)
			signer, verifier = mustKey(t, a), mustKey(t, b)
		}
		text, err := signer.SignToken(name, map[string]any{"kid": "1"}, []byte(`{"iss":"me","aud":["a","b"],"exp":1700000010}`))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		token, err := ParseToken(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := token.Verify(verifier, Expected{Now: now, Issuer: "me", Audience: "b", Algorithms: []string{name}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for what, want := range map[string]Expected{
			"expired":   {Now: now.Add(10 * time.Second)},
			"issuer":    {Now: now, Issuer: "you"},
			"audience":  {Now: now, Audience: "c"},
			"algorithm": {Now: now, Algorithms: []string{"none"}},
		} {
			if token.Verify(verifier, want) == nil {
				t.Errorf("%s: wrong %s is taken", name, what)
			}
		}
		forged, err := ParseToken(text[:strings.LastIndexByte(text, '.')] + "." + encode(make([]byte, 64)))
		if err != nil {
			t.Fatal(err)
		}
		if forged.Verify(verifier, Expected{Now: now}) == nil {
			t.Errorf("%s: a forged signature is taken", name)
		}
	}
}

// A public key must not do as an HMAC secret, nor the other way round.
func TestTokenAlgorithmsAreNotConfused(t *testing.T) {
	t.Parallel()
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, public := pkcs8(t, p256)
	forged, err := Secret([]byte(public)).SignToken("HS256", nil, []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	token, _ := ParseToken(forged)
	if token.Verify(mustKey(t, public), Expected{}) == nil {
		t.Error("HS256 with a public key is taken")
	}
	if _, err := Secret([]byte("x")).SignToken("none", nil, []byte(`{}`)); err == nil {
		t.Error("none is an algorithm")
	}
	if _, err := ParseToken("e30.e30."); err != nil {
		t.Fatal(err)
	}
	if token, _ := ParseToken("eyJhbGciOiJub25lIn0.e30."); token.Verify(Secret([]byte("x")), Expected{}) == nil {
		t.Error("an unsigned token is taken")
	}
}

// The example of RFC 7515, A.1.
func TestTokenOfTheRFC(t *testing.T) {
	t.Parallel()
	key, err := ParseJWK([]byte(`{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}`))
	if err != nil {
		t.Fatal(err)
	}
	token, err := ParseToken("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Verify(key, Expected{Now: time.Unix(1300819379, 0), Issuer: "joe"}); err != nil {
		t.Error(err)
	}
}

func FuzzKey(f *testing.F) {
	f.Add(`{"kty":"RSA","n":"AQ","e":"AQ","d":"AQ"}`)
	f.Add(`{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ","d":"AA"}`)
	f.Add(`{"kty":"OKP","crv":"Ed25519","d":"AQ"}`)
	f.Add("-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = ParseJWK([]byte(text))
		_, _ = ParsePEM(text)
		_, _ = ParseToken(text)
	})
}

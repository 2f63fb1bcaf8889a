package seal

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"strings"
	"sync"
	"testing"

	jose "github.com/dvsekhvalnov/jose2go"

	"github.com/actionplane/actionplane/libs/fault"
)

// pair is a key in the notations of both sides.
type pair struct {
	private, public any
	pkcs8, pkix     []byte
}

func newPair(t testing.TB, private crypto.Signer) pair {
	t.Helper()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pair{private, private.Public(), pkcs8, pkix}
}

func ec(t testing.TB, curve elliptic.Curve) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newPair(t, key)
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func rs(t testing.TB) pair {
	t.Helper()
	key, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	return newPair(t, key)
}

var body = []byte("{\"a\" : 1.0, \"b\":\"\u00e4<\"}\n")

func TestSeal_OthersVerifyTheJWT(t *testing.T) {
	t.Parallel()
	for algorithm, key := range map[string]pair{"ES256": ec(t, elliptic.P256()), "RS256": rs(t)} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			s, err := NewJWT(WebKey{ID: "web-1", Algorithm: algorithm, PrivateKey: key.pkcs8})
			if err != nil {
				t.Fatal(err)
			}
			token, err := s.Seal(body)
			if err != nil {
				t.Fatal(err)
			}
			payload, headers, err := jose.DecodeBytes(string(token), key.public)
			if err != nil || !bytes.Equal(payload, body) {
				t.Fatalf("payload %q, %v", payload, err)
			}
			if fmt.Sprint(headers) != fmt.Sprint(map[string]any{"alg": algorithm, "kid": "web-1", "typ": "JWT"}) {
				t.Errorf("headers %v", headers)
			}
			if _, _, err := jose.DecodeBytes(string(token), ec(t, elliptic.P256()).public); err == nil {
				t.Error("a stranger's key verified")
			}
		})
	}
}

func TestSeal_OthersDecryptTheJWE(t *testing.T) {
	t.Parallel()
	web := ec(t, elliptic.P256())
	for name, c := range map[string]struct {
		key       pair
		algorithm string
	}{
		"RSA":  {rs(t), "RSA-OAEP-256"},
		"P256": {ec(t, elliptic.P256()), "ECDH-ES+A256KW"},
		"P384": {ec(t, elliptic.P384()), "ECDH-ES+A256KW"},
		"P521": {ec(t, elliptic.P521()), "ECDH-ES+A256KW"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := NewJWE(WebKey{ID: "web-1", Algorithm: "ES256", PrivateKey: web.pkcs8}, &EncryptionKey{ID: "enc-1", PublicKey: c.key.pkix})
			if err != nil {
				t.Fatal(err)
			}
			token, err := s.Seal(body)
			if err != nil || strings.Count(string(token), ".") != 4 {
				t.Fatalf("%d bytes, %v", len(token), err)
			}
			inner, headers, err := jose.DecodeBytes(string(token), c.key.private)
			if err != nil {
				t.Fatal(err)
			}
			if headers["alg"] != c.algorithm || headers["enc"] != "A256GCM" || headers["typ"] != "JWT" || headers["cty"] != "JWT" || headers["kid"] != "enc-1" {
				t.Errorf("headers %v", headers)
			}
			payload, _, err := jose.DecodeBytes(string(inner), web.public)
			if err != nil || !bytes.Equal(payload, body) {
				t.Errorf("payload %q, %v", payload, err)
			}
		})
	}
}

func TestSeal_IsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	web, recipient := ec(t, elliptic.P256()), ec(t, elliptic.P256())
	s, err := NewJWE(WebKey{ID: "1", Algorithm: "ES256", PrivateKey: web.pkcs8}, &EncryptionKey{ID: "2", PublicKey: recipient.pkix})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			token, err := s.Seal(body)
			if err != nil {
				t.Error(err)
				return
			}
			if _, _, err := jose.DecodeBytes(string(token), recipient.private); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestSeal_RefusesWithoutAKeyForTheTarget(t *testing.T) {
	t.Parallel()
	s, err := NewJWE(WebKey{ID: "1", Algorithm: "ES256", PrivateKey: ec(t, elliptic.P256()).pkcs8}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Seal(body)
	if e, ok := fault.As(err); !ok || e.Code != fault.CodeFailedPrecondition || e.ID != "EXEC-2n8fhs7g" {
		t.Errorf("got %v", err)
	}
}

func TestNew_RefusesWhatIsNoKey(t *testing.T) {
	t.Parallel()
	web := WebKey{ID: "1", Algorithm: "ES256", PrivateKey: ec(t, elliptic.P256()).pkcs8}
	for name, c := range map[string]struct {
		web       WebKey
		recipient *EncryptionKey
	}{
		"Absent":           {WebKey{}, nil},
		"OtherAlgorithm":   {WebKey{Algorithm: "none", PrivateKey: web.PrivateKey}, nil},
		"AlgorithmOfRSA":   {WebKey{Algorithm: "RS256", PrivateKey: web.PrivateKey}, nil},
		"BrokenRecipient":  {web, &EncryptionKey{ID: "2", PublicKey: []byte("x")}},
		"PrivateRecipient": {web, &EncryptionKey{ID: "2", PublicKey: web.PrivateKey}},
	} {
		if _, err := NewJWE(c.web, c.recipient); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	web, recipient := ec(b, elliptic.P256()), ec(b, elliptic.P256())
	jwe, err := NewJWE(WebKey{ID: "1", Algorithm: "ES256", PrivateKey: web.pkcs8}, &EncryptionKey{ID: "2", PublicKey: recipient.pkix})
	if err != nil {
		b.Fatal(err)
	}
	payload := bytes.Repeat([]byte("x"), 1000)
	for name, s := range map[string]*Sealer{"JWT": {signer: jwe.signer}, "JWE": jwe} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Seal(payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

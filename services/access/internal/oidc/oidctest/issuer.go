// Package oidctest is an OIDC issuer for tests: a real HTTP server with a
// discovery document and keys, that signs whatever it is asked to.
package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Audience is whom the issuer's tokens are meant for unless a test says
// otherwise.
const Audience = "actionplane"

// Issuer is an issuer. Its fields may be changed only by its methods.
type Issuer struct {
	server *httptest.Server

	mu       sync.Mutex
	keys     []jose.JSONWebKey // public, as published
	current  Key
	rotation int
	away     bool
	claimed  string // what it calls itself; "": its URL
	fetches  int    // of keys
}

// Key is a key that the issuer signs with.
type Key struct {
	ID        string
	Algorithm jose.SignatureAlgorithm
	Private   crypto.Signer
}

// Start starts an issuer that stops when the test ends. It signs with ES256.
func Start(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.jwks)
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	i.Rotate(t)
	return i
}

// URL is what the issuer calls itself.
func (i *Issuer) URL() string { return i.server.URL }

// Rotate makes a new key. The old ones are published no longer.
func (i *Issuer) Rotate(t testing.TB) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i.mu.Lock()
	i.rotation++
	id := "key-" + strconv.Itoa(i.rotation)
	i.mu.Unlock()
	i.Use(Key{ID: id, Algorithm: jose.ES256, Private: private})
}

// Use makes the issuer sign with a key, and publish it alone.
func (i *Issuer) Use(k Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.current = k
	i.keys = []jose.JSONWebKey{{Key: k.Private.Public(), KeyID: k.ID, Algorithm: string(k.Algorithm), Use: "sig"}}
}

// Current returns the key that the issuer signs with.
func (i *Issuer) Current() Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.current
}

// SetAway makes the issuer answer nothing but errors, or answer again.
func (i *Issuer) SetAway(away bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.away = away
}

// CallItself makes the issuer lie about its name.
func (i *Issuer) CallItself(name string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.claimed = name
}

// Fetches returns how often its keys were asked for.
func (i *Issuer) Fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// Claims returns those of a good token for a subject, with changes: a nil
// value takes a claim away.
func (i *Issuer) Claims(subject string, changes map[string]any) map[string]any {
	now := time.Now().Unix()
	claims := map[string]any{"iss": i.URL(), "sub": subject, "aud": Audience, "iat": now, "exp": now + 3600}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// Token returns a token for a subject, good but for the changes.
func (i *Issuer) Token(t testing.TB, subject string, changes map[string]any) string {
	t.Helper()
	return Sign(t, i.Current(), nil, i.Claims(subject, changes))
}

// Sign signs claims with a key. Headers are beside alg and kid.
func Sign(t testing.TB, k Key, headers map[jose.HeaderKey]any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.Algorithm, Key: jose.JSONWebKey{Key: k.Private, KeyID: k.ID}},
		&jose.SignerOptions{ExtraHeaders: headers})
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	name, away := i.claimed, i.away
	i.mu.Unlock()
	if name == "" {
		name = i.URL()
	}
	answer(w, away, map[string]string{"issuer": name, "jwks_uri": i.URL() + "/keys"})
}

func (i *Issuer) jwks(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	i.fetches++
	set, away := jose.JSONWebKeySet{Keys: i.keys}, i.away
	i.mu.Unlock()
	answer(w, away, set)
}

func answer(w http.ResponseWriter, away bool, document any) {
	if away {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(document) // who stopped reading needs no answer
}

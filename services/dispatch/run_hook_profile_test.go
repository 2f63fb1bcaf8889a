package dispatch_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	jose "github.com/dvsekhvalnov/jose2go"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/actionplane/actionplane/libs/fault"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/signature"
)

func generate(t *testing.T) (key *ecdsa.PrivateKey, pkcs8, pkix []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if pkcs8, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		t.Fatal(err)
	}
	if pkix, err = x509.MarshalPKIXPublicKey(key.Public()); err != nil {
		t.Fatal(err)
	}
	return key, pkcs8, pkix
}

// verifies checks a body's ZITADEL-Signature with one key.
func verifies(r received, key string) error {
	return signature.Verify(r.header.Get(signature.Header), []byte(r.body), []signature.Key{signature.Key(key)}, time.Now(), 0)
}

func TestSendingProfile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	web, webPrivate, _ := generate(t)
	recipient, _, recipientPublic := generate(t)
	webKey := &targetsv1.WebKey{Id: "web-1", Algorithm: "ES256", PrivateKey: webPrivate}
	seed, otherKey := strings.Repeat("s", ed25519.SeedSize), "0therKey0therKey0therKey0therKey0the"
	for id, p := range map[string]*targetsv1.GetSendingProfileResponse{
		"jwt":      {SigningKeys: []string{signingKey}, PayloadType: targetsv1.PayloadType_PAYLOAD_TYPE_JWT, WebKey: webKey},
		"jwe":      {SigningKeys: []string{signingKey}, PayloadType: targetsv1.PayloadType_PAYLOAD_TYPE_JWE, WebKey: webKey, EncryptionKey: &targetsv1.EncryptionKey{Id: "enc-1", PublicKey: recipientPublic}},
		"nokey":    {SigningKeys: []string{signingKey}, PayloadType: targetsv1.PayloadType_PAYLOAD_TYPE_JWE, WebKey: webKey},
		"rotating": {SigningKeys: []string{signingKey, otherKey}, Ed25519Seeds: [][]byte{[]byte(seed)}},
		"headers": {SigningKeys: []string{signingKey}, Headers: []*targetsv1.Header{
			{Name: "Authorization", Value: "Bearer s3cret"}, {Name: "X-Team", Value: "blue"}, {Name: "content-type", Value: "text/plain"},
			{Name: "Webhook-ID", Value: "forged"}, {Name: "zitadel-signature", Value: "forged"}, {Name: "ACTIONPLANE-TIMEOUT-MS", Value: "forged"},
		}},
		"disabled": {SigningKeys: []string{signingKey}, DisabledReason: "it answered 410"},
	} {
		h.targets.profiles.Store(id, p)
	}
	h.start(t, quick())

	t.Run("JWTForHooksAndEvents", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, ok)
		if _, _, err := h.request(t.Context(), false, target("jwt", url, webhook, true)); err != nil {
			t.Fatal(err)
		}
		h.publish(t, "jwt-event", target("jwt", url, webhook, true))
		for range 2 {
			r := <-got
			payload, headers, err := jose.Decode(r.body, web.Public())
			if err != nil || !strings.HasPrefix(payload, "{") || headers["kid"] != "web-1" || headers["typ"] != "JWT" {
				t.Errorf("payload %s, headers %v, %v", payload, headers, err)
			}
			if err := verifies(r, signingKey); err != nil || r.header.Get("Content-Type") != "application/json" {
				t.Errorf("header %v: %v", r.header, err)
			}
		}
	})
	t.Run("JWEForHooksAndEvents", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, ok)
		if _, _, err := h.request(t.Context(), false, target("jwe", url, webhook, true)); err != nil {
			t.Fatal(err)
		}
		h.publish(t, "jwe-event", target("jwe", url, webhook, true))
		for range 2 {
			r := <-got
			inner, headers, err := jose.Decode(r.body, crypto.PrivateKey(recipient))
			if err != nil || headers["kid"] != "enc-1" || headers["cty"] != "JWT" {
				t.Fatalf("headers %v, %v", headers, err)
			}
			if payload, _, err := jose.Decode(inner, web.Public()); err != nil || !strings.HasPrefix(payload, "{") {
				t.Errorf("payload %s, %v", payload, err)
			}
			if err := verifies(r, signingKey); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("WithoutAnActiveKeyNothingIsCalled", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, ok)
		_, _, err := h.request(t.Context(), false, target("nokey", url, webhook, true))
		if e, ok := fault.As(err); !ok || e.Code != fault.CodeFailedPrecondition || e.ID != "EXEC-2n8fhs7g" || len(got) != 0 {
			t.Errorf("got %v, %d calls", err, len(got))
		}
	})
	t.Run("BothKeysSignDuringARotation", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, ok)
		if _, _, err := h.request(t.Context(), false, target("rotating", url, webhook, true)); err != nil {
			t.Fatal(err)
		}
		r := <-got
		for _, key := range []string{signingKey, otherKey} {
			if err := verifies(r, key); err != nil {
				t.Error(err)
			}
			library, err := standardwebhooks.NewWebhook(signature.StandardWebhooksSecret(signature.Key(key)))
			if err != nil {
				t.Fatal(err)
			}
			if err := library.Verify([]byte(r.body), r.header); err != nil {
				t.Error(err)
			}
		}
		sum, _ := base64.StdEncoding.DecodeString(r.header.Get("Webhook-Signature")[strings.Index(r.header.Get("Webhook-Signature"), "v1a,")+4:])
		public := ed25519.NewKeyFromSeed([]byte(seed)).Public().(ed25519.PublicKey)
		if !ed25519.Verify(public, []byte(r.header.Get("Webhook-Id")+"."+r.header.Get("Webhook-Timestamp")+"."+r.body), sum) {
			t.Errorf("v1a does not hold: %s", r.header.Get("Webhook-Signature"))
		}
	})
	t.Run("OwnHeadersNeverTakeThePlaceOfOurs", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, ok)
		if _, _, err := h.request(t.Context(), false, target("headers", url, webhook, true)); err != nil {
			t.Fatal(err)
		}
		r := <-got
		if r.header.Get("Authorization") != "Bearer s3cret" || r.header.Get("X-Team") != "blue" {
			t.Errorf("header %v", r.header)
		}
		for name, values := range r.header {
			if len(values) != 1 || values[0] == "forged" || values[0] == "text/plain" {
				t.Errorf("%s is %v", name, values)
			}
		}
		if err := verifies(r, signingKey); err != nil {
			t.Error(err)
		}
	})
	t.Run("ADisabledTargetIsAFailedStep", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, ok)
		out, _, err := h.request(t.Context(), false, target("disabled", url, webhook, false), target("1", url, webhook, true))
		if err != nil || outcomes(out.GetSteps()) != "FAILED SUCCEEDED" || !strings.Contains(out.GetSteps()[0].GetError(), "disabled") {
			t.Errorf("got %v, %v", out, err)
		}
		if _, _, err := h.request(t.Context(), false, target("disabled", url, webhook, true)); fault.CodeOf(err) != fault.CodeFailedPrecondition || len(got) != 1 {
			t.Errorf("got %v, %d calls", err, len(got))
		}
	})
	t.Run("OwnAuthorityAndClientCertificate", func(t *testing.T) {
		t.Parallel()
		names := make(chan string, 1)
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			names <- r.TLS.PeerCertificates[0].Subject.CommonName
		}))
		certificate, key := selfSigned(t, "dispatch")
		server.TLS = askingFor(t, certificate)
		server.StartTLS()
		t.Cleanup(server.Close)
		authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		h.targets.profiles.Store("mtls", &targetsv1.GetSendingProfileResponse{
			Tls: &targetsv1.TLS{CaCertificates: authority, ClientCertificate: certificate, ClientKey: key},
		})
		if _, _, err := h.request(t.Context(), false, target("mtls", server.URL, webhook, true)); err != nil {
			t.Fatal(err)
		}
		if name := <-names; name != "dispatch" {
			t.Errorf("shown as %q", name)
		}
	})
}

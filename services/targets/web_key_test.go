package targets_test

import (
	"crypto/x509"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"google.golang.org/protobuf/encoding/protojson"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
)

// TestWebKeyVerifiesWhatItSigned signs with what dispatch is told, and verifies
// as a receiver does: with a JOSE library, by what is at /actionplane/v1/keys.
func TestWebKeyVerifiesWhatItSigned(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := as(t)
	in := requestV2(seen{name: "jwt", kind: callKind, timeout: time.Second, endpoint: "https://example.com"})
	in.PayloadType = actionv2.PayloadType_PAYLOAD_TYPE_JWT
	created, err := w.v2.CreateTarget(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	key := w.profile(ctx, t, created.GetId()).GetWebKey()
	private, err := x509.ParsePKCS8PrivateKey(key.GetPrivateKey())
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.GetAlgorithm()), Key: jose.JSONWebKey{Key: private, KeyID: key.GetId()}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}

	out, err := w.own.GetWebKeys(ctx, &actionplanev1.GetWebKeysRequest{})
	if err != nil {
		t.Fatal(err)
	}
	document, err := protojson.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(document, &keys); err != nil {
		t.Fatal(err)
	}
	found := keys.Key(key.GetId())
	if len(found) != 1 || found[0].Use != "sig" || !found[0].IsPublic() {
		t.Fatalf("got %s", document)
	}
	if payload, err := signed.Verify(found[0]); err != nil || string(payload) != `{"a":1}` {
		t.Errorf("got %s, %v", payload, err)
	}
}

// TestFirstWebKeyIsMadeOnce lets many ask for a tenant's key before there is
// one.
func TestFirstWebKeyIsMadeOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := as(t)
	var wg sync.WaitGroup
	var ids sync.Map
	for range 8 {
		wg.Go(func() {
			out, err := w.own.GetWebKeys(ctx, &actionplanev1.GetWebKeysRequest{})
			if err != nil || len(out.GetKeys()) != 1 {
				t.Errorf("got %v, %v", out, err)
				return
			}
			ids.Store(out.GetKeys()[0].GetKid(), true)
		})
	}
	wg.Wait()
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d keys", n)
	}
	other, err := w.own.GetWebKeys(as(t), &actionplanev1.GetWebKeysRequest{})
	if err != nil || len(other.GetKeys()) != 1 {
		t.Fatal(err)
	}
	if _, shared := ids.Load(other.GetKeys()[0].GetKid()); shared {
		t.Error("two tenants share a key")
	}
}

package signature_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v72/webhook"
	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/services/dispatch/internal/signature"
)

// The vectors of the wire's description: key, time and bodies with their MACs.
const (
	vectorKey  = signature.Key("98KmsU67")
	vectorTime = 1700000000
)

var vectors = []struct{ body, mac string }{
	{`{"a":1}`, "a972729176ce6b9a25926b5eb6a611efc2b03ddcf5ce81345459681087a7a270"},
	{"", "414bb750a81948a57cac1c79a890729645f68bea7968a7c9333967a70d5dcad4"},
}

func TestSign(t *testing.T) {
	t.Parallel()
	at := time.Unix(vectorTime, 0)
	t.Run("ReproducesTheVectors", func(t *testing.T) {
		t.Parallel()
		for _, v := range vectors {
			want := "t=1700000000,v1=" + v.mac
			if got := signature.NewSigner(vectorKey).Sign(at, []byte(v.body)); got != want {
				t.Errorf("Sign(%q) = %q, want %q", v.body, got, want)
			}
		}
	})
	t.Run("EveryKeySigns", func(t *testing.T) {
		t.Parallel()
		header := signature.NewSigner("new", "", "old").Sign(at, []byte("x"))
		if strings.Count(header, "v1=") != 2 {
			t.Fatalf("header = %q, want two v1 parts", header)
		}
		for _, key := range []signature.Key{"new", "old"} {
			if err := signature.Verify(header, []byte("x"), []signature.Key{key}, at, 0); err != nil {
				t.Errorf("Verify with key %q: %v", string(key), err)
			}
		}
	})
	t.Run("OthersVerify", func(t *testing.T) {
		t.Parallel()
		// Stripe signs the same way, and its library is no kin of ZITADEL's.
		body := []byte(`{"a":1}`)
		header := signature.NewSigner("new", "old").Sign(time.Now(), body)
		for _, key := range []string{"new", "old"} {
			if err := webhook.ValidatePayload(body, header, key); err != nil {
				t.Errorf("with key %q: %v", key, err)
			}
		}
		if webhook.ValidatePayload([]byte(`{"a":2}`), header, "new") == nil || webhook.ValidatePayload(body, header, "other") == nil {
			t.Error("another body, or a stranger's key, verified")
		}
		stale := signature.NewSigner("new").Sign(time.Now().Add(-301*time.Second), body)
		if err := webhook.ValidatePayload(body, stale, "new"); !errors.Is(err, webhook.ErrTooOld) {
			t.Errorf("an old signature: %v", err)
		}
	})
	t.Run("NoKeyNoHeader", func(t *testing.T) {
		t.Parallel()
		s := signature.NewSigner("")
		if !s.Empty() || s.Sign(at, nil) != "" {
			t.Error("a signer without keys signed")
		}
	})
	t.Run("ReusedHashesDoNotLeakIntoTheNext", func(t *testing.T) {
		t.Parallel()
		s := signature.NewSigner(vectorKey)
		first := s.Sign(at, []byte("a"))
		s.Sign(at.Add(time.Hour), []byte("something longer"))
		if again := s.Sign(at, []byte("a")); again != first {
			t.Errorf("second signature %q differs from the first %q", again, first)
		}
	})
}

func TestVerify(t *testing.T) {
	t.Parallel()
	at := time.Unix(vectorTime, 0)
	mac := vectors[0].mac
	good := "t=1700000000,v1=" + mac
	for _, c := range []struct {
		name, header string
		now          time.Time
		want         error
	}{
		{"AcceptsTheVector", good, at, nil},
		{"AcceptsTheLastSecondOfTheTolerance", good, at.Add(300 * time.Second), nil},
		{"RefusesOneSecondLater", good, at.Add(301 * time.Second), signature.ErrTooOld},
		{"AcceptsTheFuture", good, at.Add(-time.Hour), nil},
		{"IgnoresUnknownParts", "v0=x," + good + ",v2=zz", at, nil},
		{"SkipsUndecodableV1", "t=1700000000,v1=zz,v1=" + mac, at, nil},
		{"AnyMatchSuffices", "t=1700000000,v1=" + strings.Repeat("0", 64) + ",v1=" + mac, at, nil},
		{"PartsInAnyOrder", "v1=" + mac + ",t=1700000000", at, nil},
		{"RefusesAnotherMAC", "t=1700000000,v1=" + strings.Repeat("0", 64), at, signature.ErrMismatch},
		{"RefusesATruncatedMAC", "t=1700000000,v1=" + mac[:62], at, signature.ErrInvalid},
		{"RefusesTwoEqualSigns", good + ",a=b=c", at, signature.ErrInvalid},
		{"RefusesAPartWithoutEqualSign", good + ",a", at, signature.ErrInvalid},
		{"RefusesNoTime", "v1=" + mac, at, signature.ErrInvalid},
		{"RefusesNoSignature", "t=1700000000", at, signature.ErrInvalid},
		{"RefusesATimeThatIsNoNumber", "t=now,v1=" + mac, at, signature.ErrInvalid},
		{"RefusesEmpty", "", at, signature.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := signature.Verify(c.header, []byte(`{"a":1}`), []signature.Key{"other", vectorKey}, c.now, signature.DefaultTolerance)
			if !errors.Is(err, c.want) {
				t.Errorf("Verify(%q) = %v, want %v", c.header, err, c.want)
			}
		})
	}
	t.Run("AnEmptyKeyVerifiesNothing", func(t *testing.T) {
		t.Parallel()
		if err := signature.Verify(good, []byte(`{"a":1}`), []signature.Key{""}, at, 0); !errors.Is(err, signature.ErrMismatch) {
			t.Errorf("Verify with an empty key = %v", err)
		}
	})
}

func TestSignedVerifiesAndTamperedDoesNot(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := signature.Key(rapid.StringN(1, 40, -1).Draw(t, "key"))
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		at := time.Unix(rapid.Int64Range(0, 1<<40).Draw(t, "at"), 0)
		header := signature.NewSigner(key).Sign(at, body)
		if err := signature.Verify(header, body, []signature.Key{key}, at, 0); err != nil {
			t.Fatalf("own signature: %v", err)
		}
		if err := signature.Verify(header, append(body, 0), []signature.Key{key}, at, 0); !errors.Is(err, signature.ErrMismatch) {
			t.Fatalf("longer body: %v", err)
		}
		if err := signature.Verify(header, body, []signature.Key{key + "x"}, at, 0); !errors.Is(err, signature.ErrMismatch) {
			t.Fatalf("other key: %v", err)
		}
	})
}

func TestKeyIsRedacted(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", vectorKey)
	printed := fmt.Sprintf("%s %v %q %x %#v %+v", vectorKey, vectorKey, vectorKey, vectorKey, vectorKey, struct{ K signature.Key }{vectorKey})
	for _, text := range []string{log.String(), printed} {
		if strings.Contains(text, string(vectorKey)) || strings.Contains(text, fmt.Sprintf("%x", string(vectorKey))) {
			t.Errorf("key leaked: %s", text)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("t=1700000000,v1="+vectors[0].mac, []byte(vectors[0].body))
	f.Add("t=1,v1=zz,v1=", []byte{})
	f.Add("=,=,t==", []byte("x"))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		now := time.Unix(vectorTime, 0)
		if signature.Verify(header, body, []signature.Key{vectorKey}, now, 0) != nil {
			return
		}
		// Whatever verifies must carry what we would have signed for its time.
		for part := range strings.SplitSeq(header, ",") {
			var at int64
			if n, _ := fmt.Sscanf(part, "t=%d", &at); n != 1 {
				continue
			}
			_, mac, _ := strings.Cut(signature.NewSigner(vectorKey).Sign(time.Unix(at, 0), body), "v1=")
			if strings.Contains(strings.ToLower(header), mac) {
				return
			}
		}
		t.Errorf("Verify accepted %q", header)
	})
}

func BenchmarkSign(b *testing.B) {
	body, at := bytes.Repeat([]byte("a"), 1024), time.Unix(vectorTime, 0)
	b.Run("Zitadel", func(b *testing.B) {
		s := signature.NewSigner(pastedKey)
		b.ReportAllocs()
		for b.Loop() {
			s.Sign(at, body)
		}
	})
	b.Run("Standard", func(b *testing.B) {
		s := signature.NewSigner(pastedKey)
		b.ReportAllocs()
		for b.Loop() {
			_, _ = s.Standard("msg_1", at, body)
		}
	})
	b.Run("Verify", func(b *testing.B) {
		header := signature.NewSigner(pastedKey).Sign(at, body)
		keys := []signature.Key{pastedKey}
		b.ReportAllocs()
		for b.Loop() {
			_ = signature.Verify(header, body, keys, at, 0)
		}
	})
}

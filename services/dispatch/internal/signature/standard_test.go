package signature_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/actionplane/actionplane/services/dispatch/internal/signature"
)

// pastedKey has the form of the keys we generate: 36 alphanumeric characters.
const pastedKey = signature.Key("q3ZbV7nX0cLm9TfR2yHs5KdW8jGa1PeU4oIt")

func TestStandard(t *testing.T) {
	t.Parallel()
	t.Run("ReproducesTheVectorsOfOtherLibraries", func(t *testing.T) {
		t.Parallel()
		for _, v := range []struct {
			secret, id, body, want string
			at                     int64
		}{
			{
				"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
				`{"test": 2432232314}`, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 1614265330,
			},
			{
				"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
				`{"email":"test@example.com","username":"test_user"}`, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=", 1649367553,
			},
		} {
			// Once as a pasted secret, once as a key whose characters are those bytes.
			text := strings.TrimPrefix(v.secret, "whsec_")
			raw, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range []signature.Key{signature.Key(text), signature.Key(raw)} {
				h := standard(t, signature.NewSigner(key), v.id, time.Unix(v.at, 0), v.body)
				if !strings.Contains(" "+h.Signature+" ", " "+v.want+" ") {
					t.Errorf("signature = %q, want %q in it", h.Signature, v.want)
				}
			}
		}
	})
	t.Run("AForeignLibraryVerifiesBothWaysToPasteTheKey", func(t *testing.T) {
		t.Parallel()
		h := standard(t, signature.NewSigner(pastedKey), "42", time.Now(), `{"a":1}`)
		for _, secret := range []string{signature.StandardWebhooksSecret(pastedKey), string(pastedKey), "whsec_" + string(pastedKey)} {
			if err := foreign(t, secret, h, `{"a":1}`); err != nil {
				t.Errorf("secret %q: %v", secret, err)
			}
			if err := foreign(t, secret, h, `{"a":2}`); err == nil {
				t.Errorf("secret %q: a changed body verified", secret)
			}
		}
	})
	t.Run("DuringRotationBothKeysVerify", func(t *testing.T) {
		t.Parallel()
		other := signature.Key(strings.Repeat("z9", 18))
		h := standard(t, signature.NewSigner(pastedKey, other), "42", time.Now(), "")
		for _, key := range []signature.Key{pastedKey, other} {
			if err := foreign(t, signature.StandardWebhooksSecret(key), h, ""); err != nil {
				t.Error(err)
			}
		}
		if err := foreign(t, signature.StandardWebhooksSecret("a key that signs nothing, never"), h, ""); err == nil {
			t.Error("a stranger's key verified")
		}
	})
	t.Run("AShortKeyIsNotReadAsBase64", func(t *testing.T) {
		t.Parallel()
		h := standard(t, signature.NewSigner("98KmsU67"), "1", time.Unix(1, 0), "")
		if strings.Contains(h.Signature, " ") {
			t.Errorf("signature = %q, want one entry", h.Signature)
		}
	})
	t.Run("NoKeyNoHeaders", func(t *testing.T) {
		t.Parallel()
		if h := standard(t, signature.NewSigner(), "1", time.Unix(1, 0), ""); h != (signature.Standard{}) {
			t.Errorf("headers = %+v, want none", h)
		}
	})
}

func TestStandard_SignsWithEd25519(t *testing.T) {
	t.Parallel()
	// The vector of Svix, who devised v1a: base64 of seed and public key.
	const private, public = "6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==", "1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
	pair, err := base64.StdEncoding.DecodeString(private)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("ReproducesTheVectorOfItsInventor", func(t *testing.T) {
		t.Parallel()
		s, err := signature.NewPairSigner(nil, [][]byte{pair[:32]})
		if err != nil || s.Empty() || s.Sign(time.Now(), nil) != "" {
			t.Fatalf("empty %v, %v", s.Empty(), err)
		}
		h := standard(t, s, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), `{"test": 2432232314}`)
		if want := "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="; h.Signature != want {
			t.Errorf("signature = %q, want %q", h.Signature, want)
		}
	})
	t.Run("BesideTheKeysAndForBothDuringRotation", func(t *testing.T) {
		t.Parallel()
		other := bytes.Repeat([]byte{7}, ed25519.SeedSize)
		s, err := signature.NewPairSigner([]signature.Key{pastedKey}, [][]byte{other, pair[:32]})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		for _, body := range []string{"{}", strings.Repeat("x", 100_000), "{}"} { // beyond the scratch, and back
			h := standard(t, s, "42", now, body)
			if err := foreign(t, signature.StandardWebhooksSecret(pastedKey), h, body); err != nil {
				t.Errorf("a library that knows no v1a: %v", err)
			}
			var verified int
			for entry := range strings.FieldsSeq(h.Signature) {
				sum, ok := strings.CutPrefix(entry, "v1a,")
				raw, err := base64.StdEncoding.DecodeString(sum)
				if !ok || err != nil {
					continue
				}
				key, _ := base64.StdEncoding.DecodeString(public)
				message := []byte("42." + h.Timestamp + "." + body)
				if ed25519.Verify(key, message, raw) || ed25519.Verify(ed25519.NewKeyFromSeed(other).Public().(ed25519.PublicKey), message, raw) {
					verified++
				}
			}
			if verified != 2 {
				t.Errorf("%d of 2 signatures hold in %q", verified, h.Signature)
			}
		}
	})
	t.Run("RefusesWhatIsNoSeed", func(t *testing.T) {
		t.Parallel()
		if s, err := signature.NewPairSigner([]signature.Key{pastedKey}, [][]byte{pair}); err == nil || s.Empty() {
			t.Errorf("got %v", err)
		}
	})
}

func TestIDsThatWouldCollideOrBreakTheHeaderAreRefused(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "a.b", "a b", "a\r\nb", "ä"} {
		if _, err := signature.NewSigner("k").Standard(id, time.Unix(1, 0), nil); !errors.Is(err, signature.ErrID) {
			t.Errorf("Standard(%q) = %v, want ErrID", id, err)
		}
	}
}

func standard(t *testing.T, s *signature.Signer, id string, at time.Time, body string) signature.Standard {
	t.Helper()
	h, err := s.Standard(id, at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// foreign verifies with the reference library of the Standard Webhooks project.
func foreign(t *testing.T, secret string, h signature.Standard, body string) error {
	t.Helper()
	hook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	header.Set(signature.HeaderID, h.ID)
	header.Set(signature.HeaderTimestamp, h.Timestamp)
	header.Set(signature.HeaderSignature, h.Signature)
	return hook.Verify([]byte(body), header)
}

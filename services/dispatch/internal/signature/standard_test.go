package signature_test

import (
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

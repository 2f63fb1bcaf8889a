package publickey_test

import (
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

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/targets/internal/publickey"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// encoded returns a public key as PEM.
func encoded(t testing.TB, key any, blockType string) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der})
}

func ec(t testing.TB, curve elliptic.Curve) any {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

func rsaOf(t testing.TB, bits int) any {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

func refused(t *testing.T, err error, code fault.Code, id, word string) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.Code != code || f.ID != id || !strings.Contains(f.Message, word) {
		t.Errorf("got %v, want %q (%s)", err, word, id)
	}
}

// fixed is a key whose fingerprint openssl and sha256sum say.
const fixed = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGZZJV4yrFZ3H8bQC32KFIXuwUlTw
+XJKYjMfTfpcC4oPAK4XkPVoiCnw5ccFkqPD9zafYNlx1Sp7gbYX6jD0Gw==
-----END PUBLIC KEY-----
`

func TestParse(t *testing.T) {
	t.Parallel()
	p256 := encoded(t, ec(t, elliptic.P256()), "PUBLIC KEY")
	accepted := map[string][]byte{
		"P256":                 p256,
		"P384":                 encoded(t, ec(t, elliptic.P384()), "PUBLIC KEY"),
		"P521":                 encoded(t, ec(t, elliptic.P521()), "PUBLIC KEY"),
		"RSA2048":              encoded(t, rsaOf(t, 2048), "PUBLIC KEY"),
		"WithBlanksAroundIt":   []byte("\r\n " + string(p256) + "\n\n"),
		"WithoutALastNewline":  []byte(strings.TrimSpace(string(p256))),
		"WithWindowsLineEnds":  []byte(strings.ReplaceAll(string(p256), "\n", "\r\n")),
		"WithOpenSSLsLineEnds": []byte(fixed),
	}
	for name, raw := range accepted {
		t.Run("Accepts"+name, func(t *testing.T) {
			t.Parallel()
			if der, err := publickey.Parse(raw); err != nil || len(der) == 0 {
				t.Error(err)
			}
		})
	}
	der, _ := pem.Decode(p256)
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rejected := map[string]struct {
		raw  []byte
		word string
	}{
		"Nothing":     {nil, "must be PEM"},
		"Garbage":     {[]byte("garbage"), "must be PEM"},
		"DER":         {der.Bytes, "must be PEM"},
		"TextBefore":  {append([]byte("my key\n"), p256...), "must be PEM"},
		"TextAfter":   {append(p256[:len(p256):len(p256)], "and more"...), "one block"},
		"TwoKeys":     {append(p256[:len(p256):len(p256)], p256...), "one block"},
		"Certificate": {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der.Bytes}), "type PUBLIC KEY"},
		"PKCS1":       {pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&private.PublicKey)}), "type PUBLIC KEY"},
		"PKCS1InPKIX": {pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&private.PublicKey)}), "cannot be read"},
		"CutShort":    {pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der.Bytes[:40]}), "cannot be read"},
		"Empty":       {pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY"}), "cannot be read"},
		"Ed25519":     {encoded(t, ed, "PUBLIC KEY"), "must be RSA or EC"},
		"P224":        {encoded(t, ec(t, elliptic.P224()), "PUBLIC KEY"), "P-256"},
		"RSA1024":     {encoded(t, rsaOf(t, 1024), "PUBLIC KEY"), "2048"},
		"TooLong":     {make([]byte, 8193), "8192"},
	}
	for name, tt := range rejected {
		t.Run("Rejects"+name, func(t *testing.T) {
			t.Parallel()
			_, err := publickey.Parse(tt.raw)
			refused(t, err, fault.CodeInvalid, "ErrPublicKeyFormat", tt.word)
		})
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	later := now.Add(time.Hour)
	k, err := publickey.New("1", []byte(fixed), &later, now)
	if err != nil {
		t.Fatal(err)
	}
	if k.Active || k.Fingerprint != "SHA256:VaX9/LcVJAtpgt6EtpSmYy7Ze5iBCJFu1fpZHpIpg9Y" || string(k.PEM) != fixed {
		t.Errorf("got %+v", k)
	}
	k.Active = true
	if !k.UsableAt(now) || k.UsableAt(later) {
		t.Error("is used when it is expired, or not when it is not")
	}
	if err := k.CheckActivate(now); err != nil {
		t.Error(err)
	}
	refused(t, k.CheckActivate(later), fault.CodeFailedPrecondition, "TARGET-pk3xp1r3d", "expired")
	refused(t, k.CheckRemove(), fault.CodeFailedPrecondition, "ErrPublicKeyDeleteActiveKey", "active")
	for _, expires := range []time.Time{now, now.Add(-time.Hour), {}} {
		_, err := publickey.New("1", []byte(fixed), &expires, now)
		refused(t, err, fault.CodeInvalid, "ErrExpirationDateBeforeNow", "expiration_date")
	}
	k, err = publickey.New("2", []byte(fixed), nil, now)
	k.Active = true
	if err != nil || !k.UsableAt(now.AddDate(1000, 0, 0)) {
		t.Errorf("got %+v, %v", k, err)
	}
	k.Active = false
	if k.UsableAt(now) || k.CheckRemove() != nil {
		t.Error("inactive, but in use")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(fixed))
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"))
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\n\nMAA=\n-----END PUBLIC KEY-----"))
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		der, err := publickey.Parse(raw)
		if err != nil {
			if f, ok := fault.As(err); !ok || f.Code != fault.CodeInvalid {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		key, err := x509.ParsePKIXPublicKey(der)
		if err != nil {
			t.Fatal(err)
		}
		switch key.(type) {
		case *rsa.PublicKey, *ecdsa.PublicKey:
		default:
			t.Fatalf("accepted %T", key)
		}
	})
}

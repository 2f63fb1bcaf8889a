package settings_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/targets/internal/settings"
)

var bounds = settings.Bounds{Headers: 3, EgressAllow: 3}

// pair returns a certificate and its key as PEM.
func pair(t testing.TB) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", secret)
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func header(name, value string) settings.Header { return settings.Header{Name: name, Value: value} }

func secret(name, value string) settings.Header {
	return settings.Header{Name: name, Secret: true, Hidden: config.NewSecret(value)}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	certificate, key := pair(t)
	other, _ := pair(t)
	tests := []struct {
		name     string
		settings settings.Settings
		field    string // empty: accepted
		word     string
	}{
		{"Nothing", settings.Settings{}, "", ""},
		{"StatusThatIsFinalAndNot", settings.Settings{Retry: settings.Retry{Final: []int{500}, Retryable: []int{429, 500}}}, "retry", "500"},
		{"StatusesOfBothKinds", settings.Settings{Retry: settings.Retry{Final: []int{404}, Retryable: []int{409}}}, "", ""},

		{"Header", settings.Settings{Headers: []settings.Header{header("X-Api-Key", "a b\tc"), header("Authorization", ""), secret("User-Agent", "x")}}, "", ""},
		{"TooManyHeaders", settings.Settings{Headers: []settings.Header{header("a", ""), header("b", ""), header("c", ""), header("d", "")}}, "headers", "at most 3"},
		{"HeaderTwice", settings.Settings{Headers: []settings.Header{header("A", ""), header("a", "")}}, "headers[1].name", "twice"},
		{"HeaderWithoutName", settings.Settings{Headers: []settings.Header{header("", "x")}}, "headers[0].name", "token"},
		{"HeaderNameWithColon", settings.Settings{Headers: []settings.Header{header("a:b", "x")}}, "headers[0].name", "token"},
		{"HeaderNameThatFoldsToASCII", settings.Settings{Headers: []settings.Header{header("\u212Aeep-Alive", "x")}}, "headers[0].name", "token"},
		{"HeaderValueWithLineBreak", settings.Settings{Headers: []settings.Header{header("a", "x\r\nEvil: 1")}}, "headers[0].value", "printable"},
		{"HeaderValueWithNUL", settings.Settings{Headers: []settings.Header{secret("a", "x\x00")}}, "headers[0].value", "printable"},
		{"HeaderValueNotASCII", settings.Settings{Headers: []settings.Header{header("a", "ü")}}, "headers[0].value", "printable"},
		{"HeaderValueWithBlankAtTheEnd", settings.Settings{Headers: []settings.Header{header("a", "x ")}}, "headers[0].value", "blank"},
		{"SecretHeaderWithoutValue", settings.Settings{Headers: []settings.Header{secret("a", "")}}, "headers[0].value", "must be given"},

		{"Egress", settings.Settings{EgressAllow: []string{"10.0.0.0/8", "::1", "billing.internal"}}, "", ""},
		{"EgressOfNonsense", settings.Settings{EgressAllow: []string{"::1", "10.0.0.0/99"}}, "egress_allow[1]", "10.0.0.0/99"},
		{"EgressOfTwoInOne", settings.Settings{EgressAllow: []string{"10.0.0.1,10.0.0.2"}}, "egress_allow[0]", "one CIDR"},
		{"EgressOfNothing", settings.Settings{EgressAllow: []string{""}}, "egress_allow[0]", "one CIDR"},
		{"TooMuchEgress", settings.Settings{EgressAllow: []string{"::1", "::2", "::3", "::4"}}, "egress_allow", "at most 3"},

		{"TLS", settings.Settings{TLS: settings.TLS{CA: "my CA:\n" + certificate + other, Certificate: certificate, Key: config.NewSecret(key)}}, "", ""},
		{"CAThatIsNoPEM", settings.Settings{TLS: settings.TLS{CA: "x"}}, "tls.ca_certificates", "in PEM"},
		{"CAThatIsAKey", settings.Settings{TLS: settings.TLS{CA: key}}, "tls.ca_certificates", "PRIVATE KEY"},
		{"CAThatIsDamaged", settings.Settings{TLS: settings.TLS{CA: certificate + certificate[:60]}}, "tls.ca_certificates", "after certificate 1"},
		{"CAThatIsNoCertificate", settings.Settings{TLS: settings.TLS{CA: block("CERTIFICATE", []byte("x"))}}, "tls.ca_certificates", "certificate 1"},
		{"TooManyCAs", settings.Settings{TLS: settings.TLS{CA: strings.Repeat(certificate, 51)}}, "tls.ca_certificates", "at most 50"},
		{"CertificateThatIsNone", settings.Settings{TLS: settings.TLS{Certificate: "x", Key: config.NewSecret(key)}}, "tls.client_certificate", "in PEM"},
		{"CertificateWithoutKey", settings.Settings{TLS: settings.TLS{Certificate: certificate}}, "tls.client_key", "must be given"},
		{"KeyWithoutCertificate", settings.Settings{TLS: settings.TLS{Key: config.NewSecret(key)}}, "tls.client_key", "client_certificate"},
		{"KeyOfAnother", settings.Settings{TLS: settings.TLS{Certificate: other, Key: config.NewSecret(key)}}, "tls.client_key", "does not belong"},
		{"KeyThatIsNone", settings.Settings{TLS: settings.TLS{Certificate: certificate, Key: config.NewSecret("hunter2")}}, "tls.client_key", "must be the PEM"},
	}
	for _, reserved := range []string{"Host", "content-length", "Content-Type", "TRANSFER-ENCODING", "Connection", "ZITADEL-Signature", "webhook-id", "Webhook-Anything", "Actionplane-Timeout-Ms", "traceparent"} {
		tests = append(tests, struct {
			name     string
			settings settings.Settings
			field    string
			word     string
		}{"Header" + reserved, settings.Settings{Headers: []settings.Header{header(reserved, "x")}}, "headers[0].name", "must not be"})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.settings.Check(bounds)
			if tt.field == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			f, ok := fault.As(err)
			if !ok || f.Code != fault.CodeInvalid || !strings.HasPrefix(f.Message, "settings."+tt.field+" ") || !strings.Contains(f.Message, tt.word) {
				t.Errorf("got %v, want %s: %s", err, tt.field, tt.word)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "Evil")) {
				t.Errorf("repeats a value: %v", err)
			}
		})
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	certificate, key := pair(t)
	full := settings.Settings{
		Headers: []settings.Header{header("a", "plain"), secret("B", "hunter2")},
		TLS:     settings.TLS{Certificate: certificate, Key: config.NewSecret(key)},
		Ed25519: true,
	}

	t.Run("AreNotInTheDocumentNorInPrint", func(t *testing.T) {
		t.Parallel()
		document, err := full.Document()
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(full)
		if err != nil {
			t.Fatal(err)
		}
		for _, shown := range []string{string(document), string(encoded), fmt.Sprintf("%v %+v %#v", full, full, full)} {
			if strings.Contains(shown, "hunter2") || strings.Contains(shown, "PRIVATE KEY") {
				t.Errorf("shows a secret: %s", shown)
			}
		}
	})
	t.Run("ComeBackWithTheDocument", func(t *testing.T) {
		t.Parallel()
		document, err := full.Document()
		if err != nil {
			t.Fatal(err)
		}
		hidden, err := full.Secrets()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := settings.Read(document, hidden); err != nil || !got.Equal(full) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("LeftOutStayAsTheyWere", func(t *testing.T) {
		t.Parallel()
		shown := settings.Settings{
			Headers: []settings.Header{header("a", "plain"), secret("B", "")},
			TLS:     settings.TLS{Certificate: certificate},
			Ed25519: true,
		}
		if got := shown.Complete(full); !got.Equal(full) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("AreNotShownByAskingForAPlainHeader", func(t *testing.T) {
		t.Parallel()
		got := settings.Settings{Headers: []settings.Header{header("B", "")}}.Complete(full)
		if got.Headers[0].Text() != "" {
			t.Errorf("got %q", got.Headers[0].Text())
		}
	})
	t.Run("GoWithWhatTheyBelongTo", func(t *testing.T) {
		t.Parallel()
		if got := (settings.Settings{}).Complete(full); !got.Equal(settings.Settings{}) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("SurviveAnyRoundTrip", rapid.MakeCheck(func(t *rapid.T) {
		s := settings.Settings{
			Retry:  settings.Retry{MaxAttempts: rapid.IntRange(0, 9).Draw(t, "attempts"), Final: rapid.SliceOfN(rapid.IntRange(300, 599), 1, 3).Draw(t, "final")},
			Limits: settings.Limits{RatePerSecond: rapid.Float64Range(0, 1e5).Draw(t, "rate"), CircuitPause: time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "pause"))},
		}
		for i, value := range rapid.SliceOfN(rapid.StringMatching(`[ -~]+`), 0, 4).Draw(t, "values") {
			h := header(fmt.Sprint("h", i), value)
			if i%2 == 0 {
				h = secret(fmt.Sprint("H", i), value)
			}
			s.Headers = append(s.Headers, h)
		}
		document, err := s.Document()
		if err != nil {
			t.Fatal(err)
		}
		hidden, err := s.Secrets()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := settings.Read(document, hidden); err != nil || !got.Equal(s) {
			t.Fatalf("got %+v, %v, want %+v", got, err, s)
		}
	}))
}

// FuzzHeader holds what we accept against what net/http sends, and what it
// reads back.
func FuzzHeader(f *testing.F) {
	f.Add("X-A", "b")
	f.Add("x\r\ny", "z")
	f.Add("\u017Fet-cookie", "a\x7f")
	f.Add("Webhook-Id", "")
	f.Fuzz(func(t *testing.T, name, value string) {
		err := settings.Settings{Headers: []settings.Header{header(name, value)}}.Check(bounds)
		if err != nil {
			if got, ok := fault.As(err); !ok || got.Code != fault.CodeInvalid {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		var written strings.Builder
		if err := (http.Header{name: {value}}).Write(&written); err != nil {
			t.Fatal(err)
		}
		if written.String() != name+": "+value+"\r\n" {
			t.Fatalf("accepted %q: %q, which is sent as %q", name, value, written.String())
		}
	})
}

// FuzzTLS looks for PEM that is accepted, but does not make a connection.
func FuzzTLS(f *testing.F) {
	certificate, key := pair(f)
	f.Add(certificate, certificate, key)
	f.Add("-----BEGIN CERTIFICATE-----", "x", key)
	f.Add(certificate, certificate+"-----BEGIN X", "-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----")
	f.Fuzz(func(t *testing.T, ca, certificate, key string) {
		s := settings.Settings{TLS: settings.TLS{CA: ca, Certificate: certificate, Key: config.NewSecret(key)}}
		if s.Check(bounds) != nil {
			return
		}
		if ca != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(ca)) {
			t.Fatalf("accepted %q", ca)
		}
	})
}

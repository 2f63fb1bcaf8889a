package sender

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// issuer issues certificates.
type issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newIssuer(t *testing.T, name string) issuer {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a := issuer{key: newKey(t)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue returns a certificate for name, which stands for 127.0.0.1 too, and its
// key in PEM.
func (a issuer) issue(t *testing.T, name string) (certificate, key []byte) {
	t.Helper()
	private := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, private.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// serveAs answers with the name of the client's certificate; clients must
// have one of clients, where that is given.
func (a issuer) serveAs(t *testing.T, name string, clients *issuer) string {
	t.Helper()
	pair, err := tls.X509KeyPair(a.issue(t, name))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) > 0 {
			_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
		}
	}))
	server.Config.ErrorLog = discardLog()
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	if clients != nil {
		server.TLS.ClientCAs = x509.NewCertPool()
		server.TLS.ClientCAs.AddCert(clients.certificate)
		server.TLS.ClientAuth = tls.VerifyClientCertIfGiven
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func identity(t *testing.T, authorities, certificate, key []byte) *Identity {
	t.Helper()
	i, err := NewIdentity(authorities, certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	t.Run("ConnectionsNeverServeAnother", func(t *testing.T) {
		t.Parallel()
		servers, clients := newIssuer(t, "servers"), newIssuer(t, "clients")
		url := servers.serveAs(t, "sink", &clients)
		s := newSender(t, Config{})
		identities := map[string]*Identity{"": identity(t, servers.pem, nil, nil)}
		contents := map[string][2][]byte{}
		for _, name := range []string{"alice", "bob"} {
			certificate, key := clients.issue(t, name)
			contents[name] = [2][]byte{certificate, key}
			identities[name] = identity(t, servers.pem, certificate, key)
		}
		for round := range 3 {
			for name, i := range identities {
				resp, err := send(t, s, Request{URL: url, Identity: i})
				if err != nil || string(resp.Body) != name || resp.Reused != (round > 0) {
					t.Errorf("round %d: %q was taken for %q, reused %t, %v", round, name, resp.Body, resp.Reused, err)
				}
			}
		}
		again := identity(t, servers.pem, contents["bob"][0], contents["bob"][1])
		if resp, err := send(t, s, Request{URL: url, Identity: again}); err != nil || string(resp.Body) != "bob" || !resp.Reused {
			t.Errorf("the same contents read again: reused %t, %v", resp.Reused, err)
		}
		_, err := send(t, s, Request{URL: url})
		_ = wantFailure(t, err, KindTLS, StageTLS) // whoever was trusted for others
	})
	t.Run("ItsAuthoritiesTakeThePlaceOfTheSenders", func(t *testing.T) {
		t.Parallel()
		ours, theirs := newIssuer(t, "ours"), newIssuer(t, "theirs")
		roots := x509.NewCertPool()
		roots.AddCert(ours.certificate)
		s := newSender(t, Config{RootCAs: roots})
		only := identity(t, theirs.pem, nil, nil)
		both := identity(t, append(append([]byte{}, theirs.pem...), ours.pem...), nil, nil)
		certificate, key := ours.issue(t, "client")
		shown := identity(t, nil, certificate, key)
		for _, c := range []struct {
			name string
			url  string
			i    *Identity
			want bool
		}{
			{"OursByTheSender", ours.serveAs(t, "a", nil), nil, true},
			{"OursByAnotherAuthority", ours.serveAs(t, "a", nil), only, false},
			{"TheirsByTheirAuthority", theirs.serveAs(t, "b", nil), only, true},
			{"TheirsByTheSender", theirs.serveAs(t, "b", nil), nil, false},
			{"EitherByBoth", ours.serveAs(t, "a", nil), both, true},
			{"OursWithACertificateToShow", ours.serveAs(t, "a", nil), shown, true},
		} {
			_, err := send(t, s, Request{URL: c.url, Identity: c.i})
			if (err == nil) != c.want {
				t.Errorf("%s: %v", c.name, err)
			}
			if !c.want {
				_ = wantFailure(t, err, KindTLS, StageTLS)
			}
		}
	})
	t.Run("WithoutContentsThereIsNone", func(t *testing.T) {
		t.Parallel()
		if i := identity(t, nil, nil, nil); i != nil {
			t.Error("an identity of nothing")
		}
	})
	t.Run("RefusesWhatIsNotPEMWithoutRepeatingIt", func(t *testing.T) {
		t.Parallel()
		a := newIssuer(t, "a")
		certificate, key := a.issue(t, "a")
		_, stranger := a.issue(t, "b")
		half := bytes.Replace(a.pem, []byte("MII"), []byte("AAA"), 1)
		for name, c := range map[string][3][]byte{
			"NoPEM":        {[]byte("secret"), nil, nil},
			"NoAuthority":  {key, nil, nil},
			"HalfBroken":   {append(append([]byte{}, a.pem...), half...), nil, nil},
			"KeyAlone":     {nil, nil, key},
			"NoKey":        {nil, certificate, nil},
			"AnotherKey":   {nil, certificate, stranger},
			"KeyIsNoPEM":   {nil, certificate, []byte("secret")},
			"CertIsSecret": {nil, []byte("secret"), key},
		} {
			if _, err := NewIdentity(c[0], c[1], c[2]); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

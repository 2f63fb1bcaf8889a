package gateway_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/actionplane/actionplane/libs/host"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/gateway"
)

// certificate writes a certificate for 127.0.0.1 and returns its files and who
// trusts it.
func certificate(t *testing.T) (cert, key string, trust *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	trust = x509.NewCertPool()
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if !trust.AppendCertsFromPEM(certPEM) {
		t.Fatal("the certificate is none")
	}
	for name, text := range map[string][]byte{cert: certPEM, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER})} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key, trust
}

func TestTLS(t *testing.T) {
	t.Parallel()
	cert, key, trust := certificate(t)
	w := setup(t, func(c *gateway.Config, _ *host.Deps) { c.TLSCert, c.TLSKey = cert, key })
	for version, http2 := range map[int]bool{1: false, 2: true} {
		client := http1Client(t, func(tr *http.Transport) {
			tr.TLSClientConfig, tr.ForceAttemptHTTP2 = &tls.Config{RootCAs: trust}, http2
		})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+w.addr+targets+"/1", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer owner")
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK || resp.ProtoMajor != version {
			t.Errorf("got %s over %s, %v", resp.Status, resp.Proto, err)
		}
	}
	conn, err := grpc.NewClient(w.addr, grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(trust, "")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := actionv3alpha.NewZITADELActionsClient(conn).GetTarget(as(t, "owner"), &actionv3alpha.GetTargetRequest{Id: "1"}); err != nil {
		t.Error(err)
	}
	w.owner(t, "GET", targets+"/1", "").want(t, 200, `{}`) // in clear, on the same port
	if _, err := actionv3alpha.NewZITADELActionsClient(w.grpc(t)).GetTarget(as(t, "owner"), &actionv3alpha.GetTargetRequest{Id: "1"}); err != nil {
		t.Error(err)
	}
}

func TestRawHTTP1(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *gateway.Config, _ *host.Deps) { c.RequestTimeout = 500 * time.Millisecond })
	// say sends text and returns the statuses of the answers and the last body.
	say := func(t *testing.T, text string, answers int) (statuses []int, body string) {
		t.Helper()
		conn, err := net.Dial("tcp", w.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(conn)
		for range answers {
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			statuses, body = append(statuses, resp.StatusCode), string(b)
		}
		return statuses, body
	}
	const owner = "Host: x\r\nAuthorization: Bearer owner\r\n\r\n"
	t.Run("Pipelined", func(t *testing.T) {
		t.Parallel()
		one := "GET " + targets + "/1 HTTP/1.1\r\n" + owner
		post := "POST " + targets + " HTTP/1.1\r\nContent-Length: 2\r\nHost: x\r\n\r\n{}"
		if got, _ := say(t, one+post+strings.Replace(one, "/1 ", "/ ", 1)+one, 4); got[0] != 200 || got[1] != 401 || got[2] != 400 || got[3] != 200 {
			t.Errorf("got %v", got)
		}
	})
	for name, tc := range map[string]struct {
		text   string
		status int
		body   string
	}{
		"Garbage":          {"garbage\r\n\r\n", 400, `{"code":3,"message":"malformed HTTP request"}`},
		"BadEscape":        {"GET /%zz HTTP/1.1\r\n" + owner, 400, `{"code":3,"message":"malformed HTTP request"}`},
		"AbsoluteForm":     {"GET http://x" + targets + "/1 HTTP/1.1\r\n" + owner, 200, `{}`},
		"OptionsOfAll":     {"OPTIONS * HTTP/1.1\r\n" + owner, 400, `{"code":3,"message":"Bad Request"}`},
		"Chunked":          {"POST " + targets + " HTTP/1.1\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer owner\r\nHost: x\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400, invalid("invalid CreateTargetRequest.target.target_type: exactly one field is required in oneof", "target.targetType", "exactly one field is required in oneof")},
		"Multipart":        {"POST " + targets + " HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 4\r\n" + owner + "null", 400, invalid("target: must be an object", "target", "must be an object")},
		"HTTP10":           {"GET " + targets + "/1 HTTP/1.0\r\n" + owner, 200, `{}`},
		"BodyNeverArrives": {"POST " + targets + " HTTP/1.1\r\nContent-Length: 9\r\n" + owner + "{", 408, `{"code":4,"message":"the request did not arrive in time"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if statuses, body := say(t, tc.text, 1); statuses[0] != tc.status || body != tc.body {
				t.Errorf("got %v %s", statuses, body)
			}
		})
	}
}

func TestABodyThatNeverArrivesOverHTTP2(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *gateway.Config, _ *host.Deps) { c.RequestTimeout = 100 * time.Millisecond })
	body, stuck := io.Pipe()
	defer func() { _ = stuck.Close() }()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+w.addr+targets, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http2Client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusRequestTimeout {
		t.Errorf("got %s, %v", resp.Status, err)
	}
}

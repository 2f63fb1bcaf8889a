package attempt

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/profile"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/sender"
	"github.com/actionplane/actionplane/services/dispatch/internal/signature"
)

// book has one profile for all.
type book struct{ all profile.Profile }

func (b *book) AtHand(string, string) (*profile.Profile, bool) { return nil, false }

func (b *book) Profile(context.Context, string, string) (*profile.Profile, error) {
	return &b.all, nil
}

// newMaker returns a maker whose sender may reach loopback and finds no name.
func newMaker(t *testing.T, p profile.Profile) *Maker {
	t.Helper()
	allow, err := egress.ParseAllow("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	nowhere := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("10.9.8.7 is our resolver")
	}}
	s := sender.New(sender.Config{Allow: allow, MaxBody: 1000, Resolver: nowhere})
	t.Cleanup(s.Close)
	if p.Signer == nil {
		p.Signer = signature.NewSigner("key")
	}
	return New(&book{p}, s, nil, "")
}

func request(endpoint string) Request {
	return Request{
		Run: 1, Position: 1, Timeout: time.Minute, Body: []byte(`{}`),
		Step: run.Step{TargetID: "7", TargetName: "crm", Endpoint: endpoint},
	}
}

// raw accepts one connection after the other, reads what comes first, answers
// text and hangs up.
func raw(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			_, _ = c.Write([]byte(text))
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return "http://" + l.Addr().String()
}

func TestAttempt_FailuresSayWhoAndWhereAndNoSecret(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(hang) })
	secured := httptest.NewUnstartedServer(http.NotFoundHandler())
	secured.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that is meant to fail
	secured.StartTLS()
	t.Cleanup(secured.Close)
	for _, c := range []struct {
		name, endpoint string
		timeout        time.Duration
		transport      delivery.Transport
		code           fault.Code
		id             string
		parts          []string
	}{
		{"Resolve", "http://nowhere.test/s3cret", 0, delivery.Unresolved, fault.CodeUnknown, "", []string{"resolve http://nowhere.test:80: the name servers gave no answer"}},
		{"Connect", "http://u:s3cret@127.0.0.1:1/s3cret?s3cret", 0, delivery.Unreachable, fault.CodeUnknown, "", []string{"connect http://127.0.0.1:1: connection refused"}},
		{"TLS", secured.URL + "/s3cret", 0, delivery.Insecure, fault.CodeUnknown, "", []string{"tls https://127.0.0.1", "x509"}},
		{"TimeoutInHeaders", silent.URL + "/s3cret", 50 * time.Millisecond, delivery.TimedOut, fault.CodeDeadline, "", []string{"in time: headers http://127.0.0.1"}},
		{"HeadersCut", raw(t, "HTTP/1.1 2"), 0, delivery.Unreachable, fault.CodeUnknown, "", []string{"headers http://127.0.0.1", "closed the connection"}},
		{"BodyCut", raw(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"), 0, delivery.Unreachable, fault.CodeUnknown, "", []string{"body http://127.0.0.1", "closed the connection"}},
		{"BodyTooLarge", raw(t, "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\nx"), 0, delivery.AnswerTooLarge, fault.CodeUnknown, "", []string{"body http://127.0.0.1", "exceeds its limit"}},
		{"Garbage", raw(t, "SSH-2.0-x\r\n"), 0, delivery.BrokenAnswer, fault.CodeUnknown, "", []string{"headers http://127.0.0.1", "malformed answer"}},
		{"Denied", "http://10.0.0.1/s3cret", 0, delivery.Denied, fault.CodeInvalid, "EXEC-N5lu09", []string{"Errors.Endpoint.Denied: 10.0.0.1 is in 10.0.0.0/8 (private)"}},
		{"OddNotation", "http://0x7f.1/s3cret", 0, delivery.Denied, fault.CodeInvalid, "EXEC-N5lu09", []string{"odd notation"}},
		{"NoEndpoint", "ftp://s3cret", 0, delivery.InvalidEndpoint, fault.CodeInvalid, "EXEC-N5lu09", []string{"Errors.Endpoint.Invalid", "neither http nor https"}},
		{"Status", raw(t, "HTTP/1.1 302 Found\r\nLocation: http://s3cret\r\nContent-Length: 0\r\n\r\n"), 0, delivery.Answered, fault.CodeFailedPrecondition, "EXEC-dra6yamk98", []string{"answered with status 302"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			req := request(c.endpoint)
			if c.timeout > 0 {
				req.Timeout = c.timeout
			}
			result, err := newMaker(t, profile.Profile{Header: []sender.Field{{Name: "Authorization", Value: "s3cret"}}}).Attempt(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			known, ok := fault.As(result.Err)
			if !ok || known.Code != c.code || known.ID != c.id || result.Transport != c.transport {
				t.Fatalf("got %v, transport %s", result.Err, result.Transport)
			}
			for _, part := range append(c.parts, `target "crm"`) {
				if !strings.Contains(known.Text(), part) {
					t.Errorf("%q does not say %q", known.Text(), part)
				}
			}
			if text := result.Err.Error(); strings.Contains(text, "s3cret") || strings.Contains(text, "10.9.8.7") {
				t.Errorf("%q tells a secret", text)
			}
		})
	}
}

func TestAttempt_DoesNotCallADisabledTarget(t *testing.T) {
	t.Parallel()
	_, err := newMaker(t, profile.Profile{Disabled: "it answered 410"}).Attempt(t.Context(), request("http://127.0.0.1:1"))
	if !errors.Is(err, ErrDisabled) || fault.CodeOf(err) != fault.CodeFailedPrecondition || !strings.Contains(err.Error(), `target "crm" is disabled: it answered 410`) {
		t.Errorf("got %v", err)
	}
}

func TestAttempt_DoesNotCallWithHalfAProfile(t *testing.T) {
	t.Parallel()
	result, err := newMaker(t, profile.Profile{Broken: errors.New("TLS settings")}).Attempt(t.Context(), request("http://127.0.0.1:1"))
	verdict := result.Verdict(delivery.DefaultPolicy())
	if err != nil || fault.CodeOf(result.Err) != fault.CodeFailedPrecondition || verdict.Outcome != delivery.OutcomeRetryable {
		t.Errorf("got %v, %v, %v", result.Err, verdict, err)
	}
}

func TestAttempt_ATargetWithItsOwnExemption(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "[::1]:0") // which the configuration does not allow
	if err != nil {
		t.Skip("no IPv6 here")
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}}
	server.Start()
	t.Cleanup(server.Close)
	for list, want := range map[string]bool{"": false, "::1": true, "10.0.0.0/8": false} {
		allow, err := egress.ParseAllow(list)
		if err != nil {
			t.Fatal(err)
		}
		result, err := newMaker(t, profile.Profile{Allow: allow}).Attempt(t.Context(), request(server.URL))
		if err != nil || (result.Err == nil) != want {
			t.Errorf("with %q: %v, %v", list, result.Err, err)
		}
	}
}

package sender

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestSend(t *testing.T) {
	t.Parallel()
	t.Run("PostsTheExactBytesAndReturnsTheAnswer", func(t *testing.T) {
		t.Parallel()
		body := []byte("{\"a\" : 1}\n\x00\xff")
		got := make(chan *http.Request, 1)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			received, _ := io.ReadAll(r.Body)
			if r.Body = io.NopCloser(bytes.NewReader(received)); !bytes.Equal(received, body) {
				t.Errorf("body = %q", received)
			}
			got <- r
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"b":2}`)
		}))
		t.Cleanup(server.Close)
		resp, err := send(t, newSender(t, Config{}), Request{
			URL: server.URL + "/hook?x=1", Body: body, Header: []Field{{"ZITADEL-Signature", "t=1,v1=00"}, {"webhook-id", "42"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if resp.Status != 503 || resp.ContentType != "application/json" || resp.RetryAfter != "120" || string(resp.Body) != `{"b":2}` || resp.BodySize != 7 {
			t.Errorf("response = %+v", resp)
		}
		if resp.Reused || resp.Remote.String() != server.Listener.Addr().String() || resp.Duration <= 0 || resp.Timings.Connect <= 0 {
			t.Errorf("response = %+v", resp)
		}
		r := <-got
		for name, want := range map[string]string{
			"Content-Type": "application/json", "User-Agent": "Actionplane", "Zitadel-Signature": "t=1,v1=00", "Webhook-Id": "42",
			"Traceparent": "", "Authorization": "", "Accept-Encoding": "",
		} {
			if r.Header.Get(name) != want {
				t.Errorf("%s = %q, want %q", name, r.Header.Get(name), want)
			}
		}
		if r.Method != http.MethodPost || r.RequestURI != "/hook?x=1" || r.ContentLength != int64(len(body)) || "http://"+r.Host != server.URL {
			t.Errorf("request = %s %s, length %d, host %s", r.Method, r.RequestURI, r.ContentLength, r.Host)
		}
	})
	t.Run("CallersReplaceTheDefaultHeaders", func(t *testing.T) {
		t.Parallel()
		got := make(chan http.Header, 1)
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header }))
		t.Cleanup(server.Close)
		url := strings.Replace(server.URL, "://", "://user:pa%20ss@", 1)
		_, err := send(t, newSender(t, Config{}), Request{URL: url, Header: []Field{{"content-type", "application/jwt"}, {"user-agent", "x"}}})
		if err != nil {
			t.Fatal(err)
		}
		h := <-got
		if fmt.Sprint(h["Content-Type"], h["User-Agent"]) != "[application/jwt] [x]" || h.Get("Authorization") != "Basic dXNlcjpwYSBzcw==" {
			t.Errorf("header = %v", h)
		}
	})
	t.Run("LongBodiesArriveWhole", func(t *testing.T) {
		t.Parallel()
		body := bytes.Repeat([]byte("0123456789"), 300_000)
		server := httptest.NewServer(http.HandlerFunc(echo))
		t.Cleanup(server.Close)
		resp, err := send(t, newSender(t, Config{}), Request{URL: server.URL, Body: body})
		if err != nil || !bytes.Equal(resp.Body, body) {
			t.Errorf("echo has %d bytes, %v", len(resp.Body), err)
		}
	})
	t.Run("DoesNotFollowRedirects", func(t *testing.T) {
		t.Parallel()
		elsewhere := listen(t, func(net.Conn, *bufio.Reader) { t.Error("the redirect was followed") })
		server := httptest.NewServer(http.RedirectHandler(elsewhere, http.StatusTemporaryRedirect))
		t.Cleanup(server.Close)
		resp, err := send(t, newSender(t, Config{}), Request{URL: server.URL})
		if err != nil || resp.Status != http.StatusTemporaryRedirect {
			t.Errorf("status = %d, %v", resp.Status, err)
		}
	})
	t.Run("RefusesHeadersThatFrameOrBreakTheMessage", func(t *testing.T) {
		t.Parallel()
		s := newSender(t, Config{})
		for _, f := range []Field{{"Host", "x"}, {"content-length", "1"}, {"Transfer-Encoding", "chunked"}, {"Connection", "close"}, {"", "x"}, {"a b", "x"}, {"a:", "x"}, {"x", "a\r\nb: c"}, {"x", "\x00"}} {
			_, err := send(t, s, Request{URL: "http://127.0.0.1:1", Header: []Field{f}})
			_ = wantFailure(t, err, KindInvalid, StagePrepare)
		}
	})
	t.Run("RefusesAHeadThatNoServerTakes", func(t *testing.T) {
		t.Parallel()
		_, err := send(t, newSender(t, Config{}), Request{URL: "http://127.0.0.1:1", Header: []Field{{"x", strings.Repeat("a", 64<<10)}}})
		_ = wantFailure(t, err, KindInvalid, StagePrepare)
	})
	t.Run("HeaderValuesAreNotPrinted", func(t *testing.T) {
		t.Parallel()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(verb, Request{Header: []Field{{"X-Token", "s3cret"}}}); strings.Contains(text, "s3cret") {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	})
	t.Run("ErrorsNeverRepeatCredentialsOrPath", func(t *testing.T) {
		t.Parallel()
		_, err := send(t, newSender(t, Config{}), Request{URL: "http://user:secret@127.0.0.1:1/secret?secret"})
		_ = wantFailure(t, err, KindDial, StageConnect)
		if strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "http://127.0.0.1:1") {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("AClosedSenderSendsNothing", func(t *testing.T) {
		t.Parallel()
		s := New(Config{Allow: allow(t, loopback)})
		s.Close()
		_, err := send(t, s, Request{URL: "http://127.0.0.1:1"})
		_ = wantFailure(t, err, KindClosed, StageWait)
	})
}

func TestEnvironmentProxiesAreIgnored(t *testing.T) {
	proxy := listen(t, func(net.Conn, *bufio.Reader) { t.Error("the proxy was used") })
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"} {
		t.Setenv(name, proxy)
	}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	if _, err := send(t, newSender(t, Config{}), Request{URL: server.URL}); err != nil {
		t.Error(err)
	}
}

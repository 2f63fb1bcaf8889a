package sdkhttp_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdkhttp"
	"github.com/actionplane/actionplane/libs/sdk/sdktest"
)

const method = "/shop.v1.Orders/Create"

// answers maps the kind of a hook to its answer.
type answers map[string]sdktest.Answer

func (a answers) answer(c sdktest.Call) sdktest.Answer { return a[c.Kind] }

// echo answers with the body it got.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Got", string(body))
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(body)
}

// shop is a server whose handler is guarded, behind a middleware of its own.
type shop struct {
	*httptest.Server
	*sdktest.Actionplane
}

func setup(t *testing.T, a answers, handler http.HandlerFunc, change ...func(*sdkhttp.Config)) shop {
	t.Helper()
	plane := sdktest.Start(t, a.answer)
	cfg := sdkhttp.Config{Guard: sdk.Guard{Client: plane.Client(t)}, Method: func(*http.Request) string { return method }}
	for _, f := range change {
		f(&cfg)
	}
	guarded := sdkhttp.Middleware(cfg)(handler)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Outer", "kept")
		guarded.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		srv.Client().CloseIdleConnections()
		srv.Close()
	})
	return shop{srv, plane}
}

type answer struct {
	*http.Response
	body string
}

func (s shop) post(t *testing.T, contentType, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	return s.do(t, req)
}

func (s shop) do(t *testing.T, req *http.Request) answer {
	t.Helper()
	resp, err := s.Server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp, string(got)}
}

const jsonType = "application/json; charset=utf-8"

func TestMiddleware(t *testing.T) {
	t.Parallel()

	t.Run("NobodyListensNothingChanges", func(t *testing.T) {
		t.Parallel()
		s := setup(t, nil, echo, func(c *sdkhttp.Config) { c.Caller = func(*http.Request) sdk.Caller { return sdk.Caller{User: "u"} } })
		got := s.post(t, jsonType, `{ "a" : 1.0 }`)
		if got.StatusCode != http.StatusCreated || got.body != `{ "a" : 1.0 }` || got.Header.Get("X-Outer") != "kept" {
			t.Fatalf("got %v %s", got.Status, got.body)
		}
		calls := s.Calls()
		if len(calls) != 2 || calls[0].Name != method || calls[0].Caller.User != "u" || string(calls[0].Payload) != got.body ||
			calls[0].Headers["Host"][0] != strings.TrimPrefix(s.URL, "http://") || string(calls[1].Payload) != got.body || string(calls[1].Request) != got.body {
			t.Fatalf("hooks %+v", calls)
		}
	})
	t.Run("ChangedRequestReachesTheHandlerChangedResponseTheClient", func(t *testing.T) {
		t.Parallel()
		s := setup(t, answers{"request": {Payload: []byte(`{"a":"longer than before"}`)}, "response": {Payload: []byte(`{"b":2}`)}},
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Length", r.Header.Get("Content-Length"))
				w.Header().Set("Content-Length", "26")
				echo(w, r)
			})
		got := s.post(t, jsonType, `{"a":1}`)
		if got.body != `{"b":2}` || got.ContentLength != 7 || got.Header.Get("X-Got") != `{"a":"longer than before"}` || got.Header.Get("X-Length") != "26" {
			t.Fatalf("got %v %s", got.Header, got.body)
		}
	})
	t.Run("VetoOfTheRequestIsTheResponse", func(t *testing.T) {
		t.Parallel()
		s := setup(t, answers{"request": {Veto: &sdk.Error{Code: 7, ID: "EXEC-1", Message: "not <you>"}}}, func(http.ResponseWriter, *http.Request) {
			t.Error("the handler ran")
		})
		got := s.post(t, jsonType, `{}`)
		if got.StatusCode != http.StatusForbidden || got.Header.Get("Content-Type") != "application/json" || got.body != `{"code":7,"message":"not \u003cyou\u003e (EXEC-1)","id":"EXEC-1"}` {
			t.Fatalf("got %s %s", got.Status, got.body)
		}
	})
	t.Run("VetoOfTheResponseSendsNothingOfIt", func(t *testing.T) {
		t.Parallel()
		s := setup(t, answers{"response": {Veto: &sdk.Error{Code: 9, Message: "no"}}}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Set-Cookie", "session=secret")
			w.Header().Set("Content-Length", "13")
			w.Header().Set("X-Outer", "changed")
			_, _ = io.WriteString(w, `{"secret":42}`)
		})
		got := s.post(t, jsonType, `{}`)
		if got.StatusCode != http.StatusBadRequest || got.body != `{"code":9,"message":"no"}` || got.Header.Get("Set-Cookie") != "" || got.Header.Get("X-Outer") != "kept" {
			t.Fatalf("got %s %v %s", got.Status, got.Header, got.body)
		}
	})
	t.Run("RequestWithoutBodyIsShownToo", func(t *testing.T) {
		t.Parallel()
		s := setup(t, nil, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.do(t, req); got.StatusCode != http.StatusNoContent || len(s.Calls()) != 1 || len(s.Calls()[0].Payload) != 0 {
			t.Fatalf("got %s, hooks %+v", got.Status, s.Calls())
		}
	})
	t.Run("OtherRequestsAreUntouched", func(t *testing.T) {
		t.Parallel()
		s := setup(t, answers{"request": {Veto: &sdk.Error{Code: 7}}}, echo, func(c *sdkhttp.Config) { c.MaxBody = 4 })
		for _, contentType := range []string{"text/plain", "", "multipart/form-data; boundary=x", "application/jsonx"} {
			if got := s.post(t, contentType, "not JSON at all"); got.StatusCode != http.StatusCreated || got.body != "not JSON at all" {
				t.Errorf("%s: got %s %s", contentType, got.Status, got.body)
			}
		}
		unnamed := setup(t, answers{"request": {Veto: &sdk.Error{Code: 7}}}, echo, func(c *sdkhttp.Config) { c.Method = func(*http.Request) string { return "" } })
		if got := unnamed.post(t, jsonType, `{}`); got.StatusCode != http.StatusCreated {
			t.Errorf("unnamed: got %s", got.Status)
		}
		if n := len(s.Calls()) + len(unnamed.Calls()); n != 0 {
			t.Errorf("%d hooks", n)
		}
	})
	t.Run("FailuresOtherTypesAndCompressedResponsesAreSentAsTheyAre", func(t *testing.T) {
		t.Parallel()
		for _, write := range []func(http.ResponseWriter){
			func(w http.ResponseWriter) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusNotFound)
				w.WriteHeader(http.StatusOK) // the first one counts
			},
			func(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/html") },
			func(w http.ResponseWriter) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Content-Encoding", "br")
			},
		} {
			s := setup(t, answers{"response": {Payload: []byte(`{"changed":true}`)}}, func(w http.ResponseWriter, _ *http.Request) {
				write(w)
				_, _ = io.WriteString(w, "body")
			})
			if got := s.post(t, jsonType, `{}`); got.body != "body" || got.StatusCode == http.StatusNotFound != (got.Header.Get("Content-Type") == "application/json" && got.Header.Get("Content-Encoding") == "") || len(s.Calls()) != 1 {
				t.Errorf("got %s %v %s, %d hooks", got.Status, got.Header, got.body, len(s.Calls()))
			}
		}
	})
	t.Run("ProblemAndSCIMTypesAreJSON", func(t *testing.T) {
		t.Parallel()
		s := setup(t, answers{"request": {Veto: &sdk.Error{Code: 7}}}, echo)
		if got := s.post(t, "application/scim+json", `{}`); got.StatusCode != http.StatusForbidden {
			t.Errorf("got %s", got.Status)
		}
	})
	t.Run("MalformedJSONIsTheClientsMistake", func(t *testing.T) {
		t.Parallel()
		s := setup(t, nil, echo)
		if got := s.post(t, jsonType, `{`); got.StatusCode != http.StatusBadRequest {
			t.Errorf("got %s", got.Status)
		}
	})
}

func TestLargeBodies(t *testing.T) {
	t.Parallel()
	small := func(c *sdkhttp.Config) { c.MaxBody = 10 }
	t.Run("RequestIsRefused", func(t *testing.T) {
		t.Parallel()
		s := setup(t, nil, echo, small)
		if got := s.post(t, jsonType, `{"a":"0123456789"}`); got.StatusCode != http.StatusRequestEntityTooLarge || len(s.Calls()) != 0 {
			t.Errorf("got %s", got.Status)
		}
		if got := s.post(t, jsonType, `{"a":1234}`); got.StatusCode != http.StatusCreated {
			t.Errorf("at the limit: got %s", got.Status)
		}
	})
	t.Run("ResponseIsSentUnseen", func(t *testing.T) {
		t.Parallel()
		s := setup(t, answers{"response": {Veto: &sdk.Error{Code: 7}}}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for range 5 {
				_, _ = io.WriteString(w, "[1,2]")
			}
		}, small)
		if got := s.post(t, jsonType, `{}`); got.body != strings.Repeat("[1,2]", 5) || len(s.Calls()) != 1 {
			t.Errorf("got %s, %d hooks", got.body, len(s.Calls()))
		}
	})
	t.Run("FourMegabytesGoThrough", func(t *testing.T) {
		t.Parallel()
		body := `"` + strings.Repeat("x", sdkhttp.DefaultMaxBody-2) + `"`
		s := setup(t, nil, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.Copy(w, r.Body)
		})
		if got := s.post(t, jsonType, body); got.body != body {
			t.Errorf("got %s and %d bytes", got.Status, len(got.body))
		}
	})
}

func TestStreamsAreLeftAlone(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	s := setup(t, nil, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		select {
		case <-read: // the client has it before the handler ends
		case <-r.Context().Done():
			t.Error("the first line never came")
		}
		_, _ = io.WriteString(w, "data: 2\n")
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewReader(resp.Body)
	if line, err := lines.ReadString('\n'); err != nil || line != "data: 1\n" {
		t.Fatal(line, err)
	}
	close(read)
	if line, err := lines.ReadString('\n'); err != nil || line != "data: 2\n" {
		t.Fatal(line, err)
	}
}

func TestFlushDoesNotSendWhatIsHeldBack(t *testing.T) {
	t.Parallel()
	s := setup(t, answers{"response": {Veto: &sdk.Error{Code: 7, Message: "no"}}}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"secret":1}`)
		w.(http.Flusher).Flush()
	})
	if got := s.post(t, jsonType, `{}`); got.StatusCode != http.StatusForbidden || strings.Contains(got.body, "secret") {
		t.Fatalf("got %s %s", got.Status, got.body)
	}
}

func TestHandlerMayTakeTheConnection(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nmine!")
		_ = conn.Close()
	})
	if got := s.post(t, jsonType, `{}`); got.body != "mine!" {
		t.Fatalf("got %s", got.body)
	}
}

func TestBodyThatBreaksOffIsNotTooLarge(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, echo)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Fatalf("got %s", resp.Status)
	}
}

func TestOutage(t *testing.T) {
	t.Parallel()
	t.Run("IsARefusal", func(t *testing.T) {
		t.Parallel()
		s := setup(t, nil, func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") })
		s.StopServing(t)
		if got := s.post(t, jsonType, `{}`); got.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("got %s %s", got.Status, got.body)
		}
	})
	t.Run("IsLetThroughWhereTheServiceSaysSo", func(t *testing.T) {
		t.Parallel()
		through := make(chan string, 2)
		s := setup(t, nil, echo, func(c *sdkhttp.Config) {
			c.Guard.FailOpen = true
			c.Guard.OnLetThrough = func(_ context.Context, m string, _ error) { through <- m }
		})
		s.StopServing(t)
		if got := s.post(t, jsonType, `{"a":1}`); got.StatusCode != http.StatusCreated || got.body != `{"a":1}` || <-through != method || <-through != method {
			t.Fatalf("got %s %s", got.Status, got.body)
		}
	})
}

func TestStatusAndBody(t *testing.T) {
	t.Parallel()
	for code, want := range map[sdk.Code]int{3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 13: 500, 14: 503, 16: 401, 2: 500, 12: 501} {
		if got, _ := sdkhttp.StatusAndBody(&sdk.Error{Code: code}); got != want {
			t.Errorf("code %d: status %d, want %d", code, got, want)
		}
	}
	if status, body := sdkhttp.StatusAndBody(context.Canceled); status != 500 || strings.Contains(string(body), "canceled") {
		t.Errorf("got %d %s", status, body)
	}
}

// until waits until it is so.
func until(so func() bool) {
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for !so() {
		<-again.C
	}
}

func TestWhatNobodyListensToPassesUnread(t *testing.T) {
	t.Parallel()
	var client *sdk.Client
	s := setup(t, nil, echo, func(c *sdkhttp.Config) { client, c.MaxBody = c.Guard.Client, 10 })
	s.Listen(t, "request/other.S")
	until(func() bool {
		return !client.MayListen(sdk.KindRequest, method) && !client.MayListen(sdk.KindResponse, method)
	})
	if got := s.post(t, "application/json", `no JSON`); got.StatusCode != http.StatusCreated || got.body != `no JSON` {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
	if got := s.post(t, "application/json", `{"a":"too long"}`); got.body != `{"a":"too ` {
		t.Errorf("the handler read %s", got.body)
	}
	if n := len(s.Calls()); n != 0 {
		t.Errorf("asked %d times", n)
	}
	s.Listen(t, "response"+method)
	until(func() bool { return client.MayListen(sdk.KindResponse, method) })
	if s.post(t, "application/json", `{}`); len(s.Calls()) != 1 {
		t.Errorf("asked %d times about a response", len(s.Calls()))
	}
}

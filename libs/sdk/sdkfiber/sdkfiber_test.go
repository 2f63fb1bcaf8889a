package sdkfiber_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdkfiber"
	"github.com/actionplane/actionplane/libs/sdk/sdktest"
)

const (
	method   = "/shop.v1.Orders/Create"
	jsonType = "application/json; charset=utf-8"
)

// answers maps the kind of a hook to its answer.
type answers map[string]sdktest.Answer

func (a answers) answer(c sdktest.Call) sdktest.Answer { return a[c.Kind] }

// echo answers with the body it got.
func echo(c *fiber.Ctx) error {
	c.Set("X-Got", string(c.Body()))
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Status(fiber.StatusCreated).Send(c.Body())
}

// shop is an app whose handler is guarded, behind a middleware of its own.
type shop struct {
	app *fiber.App
	*sdktest.Actionplane
}

func setup(t *testing.T, a answers, handler fiber.Handler, change ...func(*sdkfiber.Config)) shop {
	t.Helper()
	plane := sdktest.Start(t, a.answer)
	cfg := sdkfiber.Config{Guard: sdk.Guard{Client: plane.Client(t)}, Method: func(*fiber.Ctx) string { return method }}
	for _, f := range change {
		f(&cfg)
	}
	app := fiber.New()
	app.Use(func(c *fiber.Ctx) error {
		c.Set("X-Outer", "kept")
		return c.Next()
	}, sdkfiber.New(cfg))
	app.All("/", handler)
	return shop{app, plane}
}

type answer struct {
	*http.Response
	body string
}

func (s shop) post(t *testing.T, contentType, body string) answer {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Forwarded-For", "10.0.0.1")
	return s.do(t, req)
}

func (s shop) do(t *testing.T, req *http.Request) answer {
	t.Helper()
	resp, err := s.app.Test(req, -1)
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

func TestMiddleware(t *testing.T) {
	t.Parallel()

	t.Run("NobodyListensNothingChanges", func(t *testing.T) {
		t.Parallel()
		s := setup(t, nil, echo, func(c *sdkfiber.Config) { c.Caller = func(*fiber.Ctx) sdk.Caller { return sdk.Caller{User: "u"} } })
		got := s.post(t, jsonType, `{ "a" : 1.0 }`)
		if got.StatusCode != http.StatusCreated || got.body != `{ "a" : 1.0 }` || got.Header.Get("X-Outer") != "kept" {
			t.Fatalf("got %v %s", got.Status, got.body)
		}
		calls := s.Calls()
		if len(calls) != 2 || calls[0].Name != method || calls[0].Caller.User != "u" || string(calls[0].Payload) != got.body ||
			calls[0].Headers["Host"][0] != "example.com" || calls[0].Headers["X-Forwarded-For"][0] != "10.0.0.1" ||
			string(calls[1].Payload) != got.body || string(calls[1].Request) != got.body {
			t.Fatalf("hooks %+v", calls)
		}
	})
	t.Run("ChangedRequestReachesTheHandlerChangedResponseTheClient", func(t *testing.T) {
		t.Parallel()
		s := setup(t, answers{"request": {Payload: []byte(`{"a":"longer than before"}`)}, "response": {Payload: []byte(`{"b":2}`)}}, echo)
		got := s.post(t, jsonType, `{"a":1}`)
		if got.body != `{"b":2}` || got.ContentLength != 7 || got.Header.Get("X-Got") != `{"a":"longer than before"}` {
			t.Fatalf("got %v %s", got.Header, got.body)
		}
	})
	t.Run("VetoOfTheRequestIsTheResponse", func(t *testing.T) {
		t.Parallel()
		s := setup(t, answers{"request": {Veto: &sdk.Error{Code: 7, ID: "EXEC-1", Message: "not you"}}}, func(*fiber.Ctx) error {
			t.Error("the handler ran")
			return nil
		})
		got := s.post(t, jsonType, `{}`)
		if got.StatusCode != http.StatusForbidden || got.Header.Get("Content-Type") != "application/json" || got.body != `{"code":7,"message":"not you (EXEC-1)","id":"EXEC-1"}` {
			t.Fatalf("got %s %s", got.Status, got.body)
		}
	})
	t.Run("VetoOfTheResponseSendsNothingOfIt", func(t *testing.T) {
		t.Parallel()
		s := setup(t, answers{"response": {Veto: &sdk.Error{Code: 9, Message: "no"}}}, func(c *fiber.Ctx) error {
			c.Set("X-Secret", "header")
			c.Set("X-Outer", "changed")
			c.Cookie(&fiber.Cookie{Name: "session", Value: "secret"})
			return c.JSON(fiber.Map{"secret": 42})
		})
		got := s.post(t, jsonType, `{}`)
		if got.StatusCode != http.StatusBadRequest || got.body != `{"code":9,"message":"no"}` || got.Header.Get("Set-Cookie") != "" || got.Header.Get("X-Secret") != "" || got.Header.Get("X-Outer") != "kept" {
			t.Fatalf("got %s %v %s", got.Status, got.Header, got.body)
		}
	})
	t.Run("RequestWithoutBodyIsShownToo", func(t *testing.T) {
		t.Parallel()
		s := setup(t, nil, func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusNoContent) })
		if got := s.do(t, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)); got.StatusCode != http.StatusNoContent || len(s.Calls()) != 1 {
			t.Fatalf("got %s, hooks %+v", got.Status, s.Calls())
		}
	})
	t.Run("OtherRequestsAreUntouched", func(t *testing.T) {
		t.Parallel()
		s := setup(t, answers{"request": {Veto: &sdk.Error{Code: 7}}, "response": {Veto: &sdk.Error{Code: 7}}}, echo)
		for _, contentType := range []string{"text/plain", "", "application/jsonx"} {
			if got := s.post(t, contentType, "not JSON at all"); got.StatusCode != http.StatusCreated || got.body != "not JSON at all" {
				t.Errorf("%s: got %s %s", contentType, got.Status, got.body)
			}
		}
		if n := len(s.Calls()); n != 0 {
			t.Errorf("%d hooks", n)
		}
	})
	t.Run("HandlerErrorsRunNoResponseHook", func(t *testing.T) {
		t.Parallel()
		s := setup(t, nil, func(*fiber.Ctx) error { return fiber.NewError(fiber.StatusTeapot, "short and stout") })
		if got := s.post(t, jsonType, `{}`); got.StatusCode != http.StatusTeapot || got.body != "short and stout" || len(s.Calls()) != 1 {
			t.Fatalf("got %s %s, %d hooks", got.Status, got.body, len(s.Calls()))
		}
	})
	t.Run("CompressedResponsesAreSentAsTheyAre", func(t *testing.T) {
		t.Parallel()
		s := setup(t, answers{"response": {Veto: &sdk.Error{Code: 7}}}, func(c *fiber.Ctx) error {
			c.Set("Content-Encoding", "br")
			c.Set("Content-Type", "application/json")
			return c.SendString("compressed")
		})
		if got := s.post(t, jsonType, `{}`); got.body != "compressed" || len(s.Calls()) != 1 {
			t.Errorf("got %s %s", got.Status, got.body)
		}
	})
	t.Run("MegabytesGoThrough", func(t *testing.T) {
		t.Parallel()
		body := `"` + strings.Repeat("x", 3<<20) + `"`
		s := setup(t, nil, func(c *fiber.Ctx) error { return c.SendString(string(c.Body())) })
		if got := s.post(t, jsonType, body); got.body != body {
			t.Errorf("got %s and %d bytes", got.Status, len(got.body))
		}
	})
	t.Run("StreamsAreLeftAlone", func(t *testing.T) {
		t.Parallel()
		s := setup(t, answers{"response": {Veto: &sdk.Error{Code: 7}}}, func(c *fiber.Ctx) error {
			c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
			c.Context().SetBodyStreamWriter(func(w *bufio.Writer) { _, _ = w.WriteString(`{"streamed":true}`) })
			return nil
		})
		if got := s.post(t, jsonType, `{}`); got.StatusCode != http.StatusOK || got.body != `{"streamed":true}` || len(s.Calls()) != 1 {
			t.Errorf("got %s %s, %d hooks", got.Status, got.body, len(s.Calls()))
		}
	})
	t.Run("OutageIsARefusalOrLetThrough", func(t *testing.T) {
		t.Parallel()
		through := make(chan string, 2)
		open := setup(t, nil, echo, func(c *sdkfiber.Config) {
			c.Guard.FailOpen = true
			c.Guard.OnLetThrough = func(_ context.Context, m string, _ error) { through <- m }
		})
		closed := setup(t, nil, echo)
		open.StopServing(t)
		closed.StopServing(t)
		if got := closed.post(t, jsonType, `{}`); got.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("got %s %s", got.Status, got.body)
		}
		if got := open.post(t, jsonType, `{"a":1}`); got.StatusCode != http.StatusCreated || got.body != `{"a":1}` || <-through != method || <-through != method {
			t.Errorf("got %s %s", got.Status, got.body)
		}
	})
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
	s := setup(t, nil, echo, func(c *sdkfiber.Config) { client = c.Guard.Client })
	s.Listen(t, "request/other.S")
	until(func() bool {
		return !client.MayListen(sdk.KindRequest, method) && !client.MayListen(sdk.KindResponse, method)
	})
	if got := s.post(t, jsonType, `no JSON`); got.StatusCode != http.StatusCreated || got.body != `no JSON` {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
	if n := len(s.Calls()); n != 0 {
		t.Errorf("asked %d times", n)
	}
}

package bridge_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/actionplane/actionplane/services/gateway/internal/bridge"
)

// serve lets handler answer one request.
func serve(t *testing.T, handler http.HandlerFunc, r *http.Request) (resp *http.Response, body string) {
	t.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Use(bridge.Handler(handler))
	resp, err := app.Test(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func TestHandler(t *testing.T) {
	t.Parallel()

	t.Run("TellsTheWholeRequest", func(t *testing.T) {
		t.Parallel()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPatch, "/a%2Fb?c=d%20e&c=f", strings.NewReader("body"))
		r.Host = "host.example"
		r.Header = http.Header{"X-Two": {"1", "2"}, "Content-Type": {"text/x"}}
		_, _ = serve(t, func(_ http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPatch || r.URL.Path != "/a/b" || r.URL.EscapedPath() != "/a%2Fb" || r.Host != "host.example" || r.ContentLength != 4 || r.ProtoMajor != 1 {
				t.Errorf("got %s %v of %q, %d bytes", r.Method, r.URL, r.Host, r.ContentLength)
			}
			if q := r.URL.Query()["c"]; !slices.Equal(q, []string{"d e", "f"}) {
				t.Errorf("got query %q", q)
			}
			if !slices.Equal(r.Header["X-Two"], []string{"1", "2"}) || r.Header.Get("Content-Type") != "text/x" || r.Header.Get("Host") != "" {
				t.Errorf("got %v", r.Header)
			}
			if body, err := io.ReadAll(r.Body); err != nil || string(body) != "body" {
				t.Errorf("got %q, %v", body, err)
			}
			if r.Context().Done() != nil {
				t.Error("the context ends with the server")
			}
		}, r)
	})
	t.Run("TellsTheWholeAnswer", func(t *testing.T) {
		t.Parallel()
		resp, body := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["X-Two"] = []string{"1", "2"}
			w.Header().Set("Content-Type", "text/x")
			w.WriteHeader(http.StatusCreated)
			w.WriteHeader(http.StatusTeapot) // too late, like the header below
			w.Header().Set("X-Late", "1")
			_, _ = io.WriteString(w, "bo")
			_, _ = io.WriteString(w, "dy")
		}, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		if resp.StatusCode != http.StatusCreated || body != "body" || !slices.Equal(resp.Header["X-Two"], []string{"1", "2"}) ||
			resp.Header.Get("Content-Type") != "text/x" || resp.Header.Get("X-Late") != "" {
			t.Errorf("got %s %v %q", resp.Status, resp.Header, body)
		}
	})
	t.Run("SilenceIs200", func(t *testing.T) {
		t.Parallel()
		resp, body := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-One", "1") },
			httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		if resp.StatusCode != http.StatusOK || body != "" || resp.Header.Get("X-One") != "1" {
			t.Errorf("got %s %v %q", resp.Status, resp.Header, body)
		}
	})
}

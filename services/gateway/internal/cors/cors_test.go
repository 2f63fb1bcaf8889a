package cors_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/services/gateway/internal/cors"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "next") })
	ask := func(p cors.Policy, verb string, header ...string) (http.Header, string) {
		r := httptest.NewRequestWithContext(t.Context(), verb, "/", nil)
		for pair := range slices.Chunk(header, 2) {
			r.Header.Set(pair[0], pair[1])
		}
		w := httptest.NewRecorder()
		p.Wrap(next).ServeHTTP(w, r)
		return w.Header(), w.Body.String()
	}
	all := cors.Policy{Origins: []string{"*"}, MaxAge: time.Hour}
	one := cors.Policy{Origins: []string{"https://a.example"}}

	h, body := ask(all, "OPTIONS", "Origin", "https://x.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization, ce-id,ce-a-b, x-other")
	if body != "" || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Max-Age") != "3600" || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("got %v %q", h, body)
	}
	if allowed := h.Get("Access-Control-Allow-Headers"); !strings.Contains(allowed, "Authorization") || !strings.HasSuffix(allowed, ", ce-id") {
		t.Errorf("got %s", allowed)
	}
	if h, body := ask(all, "POST", "Origin", "null"); body != "next" || h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Access-Control-Expose-Headers"), "Grpc-Status-Details-Bin") {
		t.Errorf("got %v %q", h, body)
	}
	if h, body := ask(all, "OPTIONS", "Origin", "https://x.example"); body != "next" || h.Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("no preflight: %v %q", h, body)
	}
	if h, body := ask(one, "POST", "Origin", "https://a.example"); body != "next" || h.Get("Access-Control-Allow-Origin") != "https://a.example" || h.Get("Vary") != "Origin" {
		t.Errorf("got %v %q", h, body)
	}
	for _, origin := range []string{"", "https://b.example", "https://a.example.b"} {
		if h, body := ask(one, "OPTIONS", "Origin", origin, "Access-Control-Request-Method", "POST"); body != "next" || h.Get("Access-Control-Allow-Origin") != "" || h.Get("Vary") != "Origin" {
			t.Errorf("%q: %v %q", origin, h, body)
		}
	}
	if h, body := ask(cors.Policy{}, "POST", "Origin", "https://a.example"); body != "next" || len(h) > 1 {
		t.Errorf("nobody is let in: %v %q", h, body)
	}
}

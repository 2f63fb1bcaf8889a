package host_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/host"
)

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			t.Errorf("asked for %s", r.URL)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"checks":{"database":"failed"}}`))
	}))
	defer server.Close()
	check := func(addr string) error {
		lookup := func(name string) (string, bool) { return addr, name == "ACTIONPLANE_OPS_ADDR" && addr != "" }
		return host.Healthcheck(lookup).Run(context.Background(), nil)
	}
	addr := server.Listener.Addr().String()
	_, port, _ := strings.Cut(addr, ":")

	t.Run("PassesWhenTheProcessIsReady", func(t *testing.T) { //nolint:paralleltest // one status for all
		for _, a := range []string{addr, ":" + port, "0.0.0.0:" + port} {
			if err := check(a); err != nil {
				t.Errorf("%s: %v", a, err)
			}
		}
	})
	t.Run("SaysWhatFails", func(t *testing.T) { //nolint:paralleltest // one status for all
		status = http.StatusServiceUnavailable
		if err := check(addr); err == nil || !strings.Contains(err.Error(), `503 Service Unavailable: {"checks":{"database":"failed"}}`) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("FailsWhereNobodyCanBeAsked", func(t *testing.T) {
		t.Parallel()
		for _, a := range []string{"off", "", "127.0.0.1:0", "nonsense", "127.0.0.1:1"} {
			if err := check(a); err == nil {
				t.Errorf("%q passed", a)
			}
		}
	})
}

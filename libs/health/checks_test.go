package health_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/health"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func pass(context.Context) error { return nil }

func fail(err error) health.Func { return func(context.Context) error { return err } }

func newChecks() *health.Checks { return health.New(slog.New(slog.DiscardHandler)) }

// get returns the status and the body of one request.
func get(t *testing.T, c *health.Checks, path string) (int, map[string]any) {
	t.Helper()
	recorder := httptest.NewRecorder()
	c.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	var body map[string]any
	if recorder.Code != http.StatusNotFound {
		if err := json.Unmarshal(recorder.Body.Bytes(), &body); err != nil {
			t.Fatalf("body %q: %v", recorder.Body, err)
		}
	}
	return recorder.Code, body
}

func TestServe(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		path   string
		checks map[string]health.Func
		drain  bool
		status int
		body   map[string]any
	}{
		{
			name: "AliveWhateverFails", path: health.LivePath, drain: true,
			checks: map[string]health.Func{"postgres": fail(errors.New("away"))},
			status: 200, body: map[string]any{"status": "ok"},
		},
		{
			name: "ReadyWithoutChecks", path: health.ReadyPath,
			status: 200, body: map[string]any{"status": "ok"},
		},
		{
			name: "ReadyWhenAllPass", path: health.ReadyPath,
			checks: map[string]health.Func{"postgres": pass, "nats": pass},
			status: 200, body: map[string]any{"status": "ok", "checks": map[string]any{"postgres": "ok", "nats": "ok"}},
		},
		{
			name: "FailingChecksAreNamedWithoutTheirInternals", path: health.ReadyPath,
			checks: map[string]health.Func{
				"postgres": fail(errors.New("dial 10.0.0.1: user=hunter2")),
				"redis":    fail(fault.Unavailable("cache is unavailable").Because(errors.New("dial 10.0.0.2"))),
				"slow":     fail(fmt.Errorf("ping: %w", context.DeadlineExceeded)),
				"nats":     pass,
			},
			status: 503, body: map[string]any{
				"status": "failing", "failing": []any{"postgres", "redis", "slow"},
				"checks": map[string]any{"postgres": "failed", "redis": "cache is unavailable", "slow": "timed out", "nats": "ok"},
			},
		},
		{
			name: "DrainingIsNotReady", path: health.ReadyPath, drain: true,
			checks: map[string]health.Func{"nats": pass},
			status: 503, body: map[string]any{"status": "draining", "checks": map[string]any{"nats": "ok"}},
		},
		{name: "OtherPathsAreUnknown", path: "/health", status: 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newChecks()
			for name, f := range test.checks {
				c.Add(name, f)
			}
			if test.drain {
				c.Drain()
			}
			status, body := get(t, c, test.path)
			if status != test.status || !reflect.DeepEqual(body, test.body) {
				t.Errorf("GET %s = %d %v, want %d %v", test.path, status, body, test.status, test.body)
			}
		})
	}
}

func TestReady(t *testing.T) {
	t.Parallel()

	t.Run("ChecksOfOneNameMustAllPass", func(t *testing.T) {
		t.Parallel()
		for _, order := range [][]health.Func{{pass, fail(errors.New("away"))}, {fail(errors.New("away")), pass}} {
			c := newChecks()
			for _, f := range order {
				c.Add("postgres", f)
			}
			if report := c.Ready(t.Context()); !slices.Equal(report.Failing(), []string{"postgres"}) || report.Ready() {
				t.Errorf("report = %+v", report)
			}
		}
	})

	t.Run("ChecksRunSideBySide", func(t *testing.T) {
		t.Parallel()
		c := newChecks()
		var met sync.WaitGroup
		met.Add(3)
		for i := range 3 { // each waits for the others
			c.Add(fmt.Sprint(i), func(context.Context) error {
				met.Done()
				met.Wait()
				return nil
			})
		}
		if report := c.Ready(t.Context()); !report.Ready() {
			t.Errorf("report = %+v", report)
		}
	})

	t.Run("SlowCheckIsCutOff", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newChecks()
			c.Add("slow", func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			})
			began := time.Now()
			report := c.Ready(t.Context())
			if took := time.Since(began); took != health.Timeout || report.Checks["slow"] != "timed out" {
				t.Errorf("after %s the report is %+v", took, report)
			}
		})
	})

	t.Run("DeafCheckCostsOneGoroutine", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newChecks()
			var calls atomic.Int64
			wake := make(chan struct{})
			c.Add("deaf", func(context.Context) error { // hears no deadline
				calls.Add(1)
				<-wake
				return nil
			})
			for range 5 {
				if report := c.Ready(t.Context()); report.Checks["deaf"] != "timed out" {
					t.Errorf("report = %+v", report)
				}
			}
			if n := calls.Load(); n != 1 {
				t.Errorf("the check runs %d times", n)
			}
			close(wake)
			synctest.Wait()
			if report := c.Ready(t.Context()); !report.Ready() {
				t.Errorf("report = %+v after the check woke", report)
			}
		})
	})

	t.Run("ProberWhoHangsUpDoesNotFailOthers", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newChecks()
			c.Add("nats", func(ctx context.Context) error {
				select {
				case <-time.After(health.Timeout / 2):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
			impatient, hangUp := context.WithCancel(t.Context())
			var first sync.WaitGroup
			first.Go(func() { c.Ready(impatient) })
			synctest.Wait()
			hangUp()
			if report := c.Ready(t.Context()); !report.Ready() {
				t.Errorf("report = %+v", report)
			}
			first.Wait()
		})
	})
}

func TestErrorsAreLoggedOncePerChange(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := health.New(slog.New(slog.NewTextHandler(&out, nil)))
	var result error
	c.Add("postgres", func(context.Context) error { return result })
	for _, result = range []error{nil, errors.New("away"), errors.New("away"), nil, nil} {
		c.Ready(t.Context())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "msg=health.failing check=postgres error=away") ||
		!strings.Contains(lines[1], "msg=health.passing check=postgres") {
		t.Errorf("logged\n%s", out.String())
	}
}

func Example() {
	checks := health.New(slog.New(slog.DiscardHandler))
	checks.Add("nats", func(context.Context) error { return nil })
	checks.Add("postgres", func(context.Context) error { return fault.Unavailable("database is unavailable") })

	server := httptest.NewServer(checks)
	defer server.Close()
	for _, path := range []string{health.LivePath, health.ReadyPath} {
		response, err := server.Client().Get(server.URL + path)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		fmt.Printf("%d %s", response.StatusCode, body)
	}
	// Output:
	// 200 {"status":"ok"}
	// 503 {"status":"failing","failing":["postgres"],"checks":{"nats":"ok","postgres":"database is unavailable"}}
}

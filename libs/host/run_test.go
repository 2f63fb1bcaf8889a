package host_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/host"
)

// unitConfig is the configuration of the tests' units.
type unitConfig struct {
	Size int `env:"UNIT_SIZE" doc:"anything but negative"`
}

// Validate implements what config.Load looks for.
func (c unitConfig) Validate() error {
	if c.Size < 0 {
		return errors.New("UNIT_SIZE is negative")
	}
	return nil
}

type runner func(context.Context) error

// Run implements host.Runner.
func (r runner) Run(ctx context.Context) error { return r(ctx) }

// unit describes a service whose Run is given.
func unit(name string, run runner, needs ...host.Need) host.Unit {
	return host.Service(name, unitConfig{}, func(unitConfig, host.Deps) (runner, error) { return run, nil }, needs...)
}

func untilStopped(ctx context.Context) error { <-ctx.Done(); return nil }

// settings are those of a process with a bus of its own; env holds names and
// values in turn.
func settings(t *testing.T, env ...string) host.Settings {
	t.Helper()
	values := map[string]string{"ACTIONPLANE_LOG_LEVEL": "ERROR"}
	for i := 0; i < len(env); i += 2 {
		values[env[i]] = env[i+1]
	}
	return host.Settings{
		Lookup: func(name string) (string, bool) { v, ok := values[name]; return v, ok },
		NATS:   bustest.Start(t).Server,
	}
}

// wantProblems checks that err names each of the texts.
func wantProblems(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in: %v", text, err)
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()

	t.Run("HandsOverWhatWasAskedFor", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var got host.Deps
		var size int
		u := host.Service("one", unitConfig{Size: 7}, func(c unitConfig, d host.Deps) (runner, error) {
			size, got = c.Size, d
			return func(ctx context.Context) error { cancel(); return untilStopped(ctx) }, nil
		}, host.WithCache)
		if err := host.Run(ctx, "test", settings(t, "UNIT_SIZE", "9"), u); err != nil {
			t.Fatal(err)
		}
		if size != 9 || got.Log == nil || got.Bus == nil || got.Telemetry == nil || got.Health == nil || got.DB != nil || got.Cache != nil {
			t.Errorf("size %d, got %+v", size, got)
		}
	})
	t.Run("NamesEveryProblemOfTheConfigurationAtOnce", func(t *testing.T) {
		t.Parallel()
		u := host.Service("one", unitConfig{}, func(unitConfig, host.Deps) (runner, error) {
			t.Error("built")
			return untilStopped, nil
		})
		two := host.Service("two", struct {
			Wait time.Duration `env:"UNIT_WAIT"`
		}{}, func(struct {
			Wait time.Duration `env:"UNIT_WAIT"`
		}, host.Deps) (runner, error) {
			return untilStopped, nil
		})
		err := host.Run(t.Context(), "test", settings(t, "UNIT_SIZE", "-1", "UNIT_WAIT", "long", "ACTIONPLANE_DATABASE_CONNECTIONS", "1", "ACTIONPLANE_DRAIN_TIMEOUT", "0s"), u, two)
		wantProblems(t, err, "one: UNIT_SIZE", "two: UNIT_WAIT", "ACTIONPLANE_DATABASE_CONNECTIONS", "ACTIONPLANE_DRAIN_TIMEOUT")
	})
	t.Run("AConstructorThatFailsKeepsTheRestFromRunning", func(t *testing.T) {
		t.Parallel()
		broken := host.Service("broken", unitConfig{}, func(unitConfig, host.Deps) (runner, error) { return nil, errors.New("no certificate") })
		rest := unit("rest", func(context.Context) error { t.Error("ran"); return nil })
		wantProblems(t, host.Run(t.Context(), "test", settings(t), broken, rest), "no certificate")
	})
	t.Run("AUnitThatFailsStopsTheRest", func(t *testing.T) {
		t.Parallel()
		broken := errors.New("broken")
		err := host.Run(t.Context(), "test", settings(t), unit("rest", untilStopped), unit("one", func(context.Context) error { return broken }))
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		wantProblems(t, err, "one: broken")
	})
	t.Run("AUnitThatEndsByItselfHasFailed", func(t *testing.T) {
		t.Parallel()
		err := host.Run(t.Context(), "test", settings(t), unit("one", func(context.Context) error { return nil }), unit("rest", untilStopped))
		wantProblems(t, err, "one: ended although nobody stopped it")
	})
	t.Run("ABusyUnitIsLeftAfterTheDrainTimeout", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		finish, finished := make(chan struct{}), make(chan struct{})
		busy := unit("one", func(context.Context) error { defer close(finished); cancel(); <-finish; return nil })
		wantProblems(t, host.Run(ctx, "test", settings(t, "ACTIONPLANE_DRAIN_TIMEOUT", "20ms"), busy), "still busy 20ms after")
		close(finish)
		<-finished
	})
	t.Run("FailuresWhileDrainingCount", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		u := unit("one", func(ctx context.Context) error { cancel(); <-ctx.Done(); return errors.New("lost a message") })
		wantProblems(t, host.Run(ctx, "test", settings(t), u), "one: lost a message")
	})
	t.Run("ADatabaseMustBeNamed", func(t *testing.T) {
		t.Parallel()
		wantProblems(t, host.Run(t.Context(), "test", settings(t), unit("one", untilStopped, host.WithDatabase)), "one: DATABASE_URL is not set")
	})
}

func TestRunWaitsForStores(t *testing.T) {
	t.Parallel()
	away := func(t *testing.T) host.Settings {
		s := settings(t, "NATS_URL", "nats://127.0.0.1:1", "ACTIONPLANE_START_TIMEOUT", "300ms")
		s.NATS = nil
		return s
	}
	t.Run("UntilTheStartTimeout", func(t *testing.T) {
		t.Parallel()
		wantProblems(t, host.Run(t.Context(), "test", away(t), unit("one", untilStopped)), "one: NATS_URL")
	})
	t.Run("OrUntilItIsToldToStop", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := host.Run(ctx, "test", away(t), unit("one", untilStopped)); err != nil {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ForADatabaseToo", func(t *testing.T) {
		t.Parallel()
		s := settings(t, "DATABASE_URL", "postgres://{service}@127.0.0.1:1/x", "ACTIONPLANE_START_TIMEOUT", "300ms")
		wantProblems(t, host.Run(t.Context(), "test", s, unit("one", untilStopped, host.WithDatabase)), "one: ", "not up within 300ms")
	})
}

func TestOneTroubleOfManyUnitsIsOneLine(t *testing.T) {
	t.Parallel()
	s := settings(t, "DATABASE_URL", "postgres://{service}@127.0.0.1:1/x", "ACTIONPLANE_START_TIMEOUT", "300ms")
	err := host.Run(t.Context(), "test", s, unit("one", untilStopped, host.WithDatabase), unit("other", untilStopped), unit("two", untilStopped, host.WithDatabase))
	wantProblems(t, err, "one, two: DATABASE_URL: not up within 300ms: ", "127.0.0.1:1")
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %v", err)
	}
}

func TestOps(t *testing.T) {
	t.Parallel()
	t.Run("ServesHealthAndMetricsUntilTheEnd", func(t *testing.T) {
		t.Parallel()
		addr := freeAddr(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		u := unit("one", func(ctx context.Context) error {
			host.Prepared(ctx)
			wantStatus(t, client, "http://"+addr+"/readyz", 200, `"one.bus":"ok"`)
			wantStatus(t, client, "http://"+addr+"/metrics", 200, "go_goroutines")
			wantStatus(t, client, "http://"+addr+"/", 404, "")
			cancel()
			<-ctx.Done()
			wantStatus(t, client, "http://"+addr+"/healthz", 200, "")
			return nil
		})
		if err := host.Run(ctx, "test", settings(t, "ACTIONPLANE_OPS_ADDR", addr), u); err != nil {
			t.Fatal(err)
		}
		if conn, err := net.Dial("tcp", addr); err == nil {
			_ = conn.Close()
			t.Error("still served")
		}
	})
	t.Run("IsNotReadyBeforeAllUnitsAreBuiltAndPrepared", func(t *testing.T) {
		t.Parallel()
		addr := freeAddr(t)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		migrated := make(chan struct{})
		u := host.Service("one", unitConfig{}, func(unitConfig, host.Deps) (runner, error) {
			wantStatus(t, client, "http://"+addr+"/readyz", 503, `"start":"the services are starting"`)
			wantStatus(t, client, "http://"+addr+"/healthz", 200, "")
			return func(ctx context.Context) error {
				wantStatus(t, client, "http://"+addr+"/readyz", 503, `"start":"the services are starting"`)
				return host.Together(ctx, untilStopped, func(ctx context.Context) error {
					host.Prepared(ctx) // a second time, which does not count for the other
					wantStatus(t, client, "http://"+addr+"/readyz", 503, `"start":"the services are starting"`)
					close(migrated)
					return untilStopped(ctx)
				})
			}, nil
		})
		slow := unit("slow", func(ctx context.Context) error {
			<-migrated
			host.Prepared(ctx)
			wantStatus(t, client, "http://"+addr+"/readyz", 200, `"start":"ok"`)
			cancel()
			return untilStopped(ctx)
		})
		if err := host.Run(ctx, "test", settings(t, "ACTIONPLANE_OPS_ADDR", addr), u, slow); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("AnAddressThatIsTakenIsAProblem", func(t *testing.T) {
		t.Parallel()
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = taken.Close() }()
		err = host.Run(t.Context(), "test", settings(t, "ACTIONPLANE_OPS_ADDR", taken.Addr().String()), unit("one", untilStopped))
		wantProblems(t, err, "ACTIONPLANE_OPS_ADDR")
	})
	t.Run("OffIsNoListener", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := host.Run(ctx, "test", settings(t, "ACTIONPLANE_OPS_ADDR", "off"), unit("one", untilStopped)); err != nil {
			t.Error(err)
		}
	})
}

func wantStatus(t *testing.T, client *http.Client, url string, status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Error(err)
		return
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status || !strings.Contains(string(body), text) {
		t.Errorf("GET %s: %s %s, %v", url, resp.Status, body, err)
	}
}

// freeAddr returns an address that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

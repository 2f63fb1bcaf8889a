package telemetry_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/metric"
	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/libs/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start returns a running Telemetry that is shut down with the test.
func start(t *testing.T, config telemetry.Config) *telemetry.Telemetry {
	t.Helper()
	running, err := telemetry.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("Shutdown = %v", err)
		}
	})
	return running
}

// scrape returns what Prometheus would read.
func scrape(t *testing.T, running *telemetry.Telemetry) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	running.MetricsHandler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("GET /metrics = %d %s", recorder.Code, recorder.Body)
	}
	return recorder.Body.String()
}

// count adds one to the named counter of the named component.
func count(t *testing.T, running *telemetry.Telemetry, component, counter string) {
	t.Helper()
	c, err := running.Meter(component).Int64Counter(counter)
	if err != nil {
		t.Fatal(err)
	}
	c.Add(t.Context(), 1)
}

func wantLine(t *testing.T, scraped, prefix, suffix string) {
	t.Helper()
	for line := range strings.Lines(scraped) {
		if strings.HasPrefix(line, prefix) && strings.HasSuffix(line, suffix+"\n") {
			return
		}
	}
	t.Errorf("no line %s … %s in\n%.3000s", prefix, suffix, scraped)
}

func TestMetrics(t *testing.T) {
	t.Parallel()

	t.Run("ServicesOfOneProcessShareTheEndpoint", func(t *testing.T) {
		t.Parallel()
		running := start(t, telemetry.Config{Service: "allinone", Version: "1.2.3"})
		var services sync.WaitGroup
		for _, component := range []string{"targets", "dispatch"} {
			services.Go(func() { count(t, running, component, "own."+component) })
			for range 2 { // the same instrument of a library that both use
				services.Go(func() { count(t, running, "bus", "bus.messages") })
			}
		}
		services.Wait()
		scraped := scrape(t, running)
		wantLine(t, scraped, "bus_messages_total{", " 4")
		wantLine(t, scraped, "own_targets_total{", " 1")
		wantLine(t, scraped, "own_dispatch_total{", " 1")
		wantLine(t, scraped, "target_info{", " 1")
		wantLine(t, scraped, "go_goroutines ", "")
	})

	t.Run("SameNameInTwoComponentsIsKeptApart", func(t *testing.T) {
		t.Parallel()
		running := start(t, telemetry.Config{})
		count(t, running, "targets", "requests")
		count(t, running, "dispatch", "requests")
		scraped := scrape(t, running)
		wantLine(t, scraped, `requests_total{otel_scope_name="targets"`, " 1")
		wantLine(t, scraped, `requests_total{otel_scope_name="dispatch"`, " 1")
	})

	t.Run("ClashingDescriptionsDoNotBreakTheEndpoint", func(t *testing.T) {
		t.Parallel()
		running := start(t, telemetry.Config{})
		for component, description := range map[string]string{"a": "one thing", "b": "another"} {
			c, err := running.Meter(component).Int64Counter("clashing", metric.WithDescription(description))
			if err != nil {
				t.Fatal(err)
			}
			c.Add(t.Context(), 1)
		}
		wantLine(t, scrape(t, running), "clashing_total{", " 1")
	})

	t.Run("ProcessesShareNothing", func(t *testing.T) {
		t.Parallel()
		a, b := start(t, telemetry.Config{}), start(t, telemetry.Config{})
		count(t, a, "bus", "messages")
		if scraped := scrape(t, b); strings.Contains(scraped, "messages_total") {
			t.Error("one Telemetry shows the metrics of another")
		}
	})
}

func TestNop(t *testing.T) {
	t.Parallel()
	nop := telemetry.Nop()
	count(t, nop, "bus", "messages")
	_, span := nop.Tracer("bus").Start(t.Context(), "send")
	span.End()
	if span.SpanContext().IsValid() {
		t.Error("a span of Nop is valid")
	}
	nop.Logger("bus").Info("nobody reads this")
	if scraped := scrape(t, nop); scraped != "" {
		t.Errorf("scraped %q", scraped)
	}
	if err := nop.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMalformedSettingIsAnError(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "no-value")
	if _, err := telemetry.Start(t.Context(), telemetry.Config{}); err == nil {
		t.Error("Start = nil")
	}
}

func TestEnvironmentNamesTheService(t *testing.T) {
	t.Setenv("OTEL_SERVICE_NAME", "from-environment")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	scraped := scrape(t, start(t, telemetry.Config{Service: "from-program", Version: "1.2.3"}))
	for line := range strings.Lines(scraped) {
		if strings.HasPrefix(line, "target_info{") {
			for _, want := range []string{`service_name="from-environment"`, `service_version="1.2.3"`, `deployment_environment_name="test"`} {
				if !strings.Contains(line, want) {
					t.Errorf("%s lacks %s", line, want)
				}
			}
		}
	}
}

// decode returns the JSON lines in text.
func decode(t *testing.T, text string) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for line := range strings.Lines(text) {
		var decoded map[string]any
		if err := json.Unmarshal([]byte(line), &decoded); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		lines = append(lines, decoded)
	}
	return lines
}

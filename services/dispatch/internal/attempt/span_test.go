package attempt

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/telemetry/telemetrytest"
	"github.com/actionplane/actionplane/services/dispatch/internal/profile"
)

// listener is a target that says what it was told of the trace.
func listener(t *testing.T, status int) (url string, header func() http.Header) {
	t.Helper()
	got := make(chan http.Header, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		got <- r.Header
	}))
	t.Cleanup(server.Close)
	return server.URL, func() http.Header { return <-got }
}

func TestAttempt_TellsATargetOfTheTraceWhatItsPolicySays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		target profile.Trace
		house  profile.Trace
		want   profile.Trace
	}{
		{"NothingByDefault", "", "", profile.TraceStrip},
		{"Strip", profile.TraceStrip, profile.TraceInject, profile.TraceStrip},
		{"Inject", profile.TraceInject, profile.TraceStrip, profile.TraceInject},
		{"Restart", profile.TraceRestart, profile.TraceInject, profile.TraceRestart},
		{"AsTheHouseDoes", "", profile.TraceInject, profile.TraceInject},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			running, collector, stop := telemetrytest.Start(t, "dispatch")
			ctx, parent := running.Tracer("test").Start(t.Context(), "parent")
			maker := newMaker(t, profile.Profile{Trace: c.target})
			maker.trace = c.house
			url, header := listener(t, http.StatusOK)
			if _, err := maker.Attempt(ctx, request(url)); err != nil {
				t.Fatal(err)
			}
			parent.End()
			stop()
			got := header()
			trace := collector.Trace(parent.SpanContext().TraceID())
			if len(trace) != 3 || len(trace.Roots()) != 1 || trace[2].Name != "POST" {
				t.Fatalf("got\n%s", trace)
			}
			if wanted := wantedHeader(trace[2], c.want); got.Get("Traceparent") != wanted || got.Get("Tracestate") != "" || got.Get("Baggage") != "" {
				t.Errorf("told %q, want %q", got["Traceparent"], wanted)
			}
		})
	}
}

// wantedHeader is the traceparent that a client's span leads to.
func wantedHeader(post telemetrytest.Span, policy profile.Trace) string {
	at := post.Place()
	switch policy {
	case profile.TraceStrip:
		return ""
	case profile.TraceRestart:
		if len(post.Links) != 1 || post.Links[0].Trace == post.Trace {
			return "one of a link to another trace"
		}
		at = post.Links[0]
	}
	return "00-" + at.Trace.String() + "-" + at.Span.String() + "-01"
}

// What nobody records is told as its caller decided, and never made up.
func TestAttempt_OfATraceThatIsNotRecorded(t *testing.T) {
	t.Parallel()
	parent := telemetry.Extract(t.Context(), map[string][]string{"traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"}})
	for policy, want := range map[profile.Trace]string{
		profile.TraceInject:  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
		profile.TraceRestart: "",
		profile.TraceStrip:   "",
	} {
		for _, ctx := range []context.Context{parent, t.Context()} {
			url, header := listener(t, http.StatusOK)
			if _, err := newMaker(t, profile.Profile{Trace: policy}).Attempt(ctx, request(url)); err != nil {
				t.Fatal(err)
			}
			if ctx == t.Context() {
				want = ""
			}
			if got := header().Get("Traceparent"); got != want {
				t.Errorf("%s: told %q, want %q", policy, got, want)
			}
		}
	}
}

func TestAttempt_SpansSayWhatHappenedAndNoSecret(t *testing.T) {
	t.Parallel()
	running, collector, stop := telemetrytest.Start(t, "dispatch")
	ctx, parent := running.Tracer("test").Start(t.Context(), "parent")
	url, header := listener(t, http.StatusServiceUnavailable)
	req := request(strings.Replace(url, "://", "://user:s3cret@", 1) + "/s3cret?s3cret=1")
	req.Number = 3
	maker := newMaker(t, profile.Profile{})
	if _, err := maker.Attempt(ctx, req); err != nil {
		t.Fatal(err)
	}
	header()
	if _, err := maker.Attempt(ctx, request("http://u:s3cret@127.0.0.1:1/s3cret")); err != nil {
		t.Fatal(err)
	}
	parent.End()
	stop()
	spans := collector.Trace(parent.SpanContext().TraceID())
	if len(spans) != 5 {
		t.Fatalf("got\n%s", spans)
	}
	for name, want := range map[string]string{
		"http.request.method": "POST", "http.response.status_code": "503", "http.request.resend_count": "2", "error.type": "503",
		"server.address": "127.0.0.1", "server.port": url[strings.LastIndex(url, ":")+1:], "url.scheme": "http",
	} {
		if got := spans[2].Attributes[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if a := spans[1].Attributes; a["actionplane.attempt.number"] != "3" || a["actionplane.target.id"] != "7" || a["error.type"] != "503" || !spans[1].Failed {
		t.Errorf("got %v", a)
	}
	if a := spans[4].Attributes; a["error.type"] != "unreachable" || a["http.response.status_code"] != "" || spans[4].Kind != trace.SpanKindClient {
		t.Errorf("got %v", a)
	}
	if text := spans.String(); strings.Contains(text, "s3cret") || slices.ContainsFunc(spans, func(s telemetrytest.Span) bool { return strings.Contains(s.Status, "s3cret") }) {
		t.Errorf("a secret is told:\n%s", text)
	}
}

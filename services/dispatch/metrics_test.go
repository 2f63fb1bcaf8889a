package dispatch

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/dispatch/internal/circuit"
	"github.com/actionplane/actionplane/services/dispatch/internal/gate"
)

var breakerSeries = regexp.MustCompile(`(?m)^actionplane_breaker_state{.*target="(.*?)".*} (\d)$`)

func TestBreakers_AllInUseAreToldAndThoseThatOpenedByName(t *testing.T) {
	t.Parallel()
	tel, err := telemetry.Start(t.Context(), telemetry.Config{MetricLabels: 2})
	if err != nil {
		t.Fatal(err)
	}
	limits := gate.Limits{Concurrency: 1, Circuit: circuit.Policy{Failures: 1, Pause: time.Hour, MaxPause: time.Hour}}
	s := &Service{gate: gate.New(limits)}
	instruments := tel.Instruments("dispatch")
	s.observeBreakers(instruments, tel.MetricLabels())
	if err := instruments.Err(); err != nil {
		t.Fatal(err)
	}
	try := func(target string, said circuit.Result) {
		pass, refusal := s.gate.Enter(gate.Target{Tenant: "t", ID: target}, limits, time.Minute, time.Now())
		if refusal != nil {
			t.Fatal(refusal)
		}
		pass.Done(said, "", time.Now())
	}
	told := func() (series []string) {
		r := httptest.NewRecorder()
		tel.MetricsHandler().ServeHTTP(r, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		for _, m := range breakerSeries.FindAllStringSubmatch(r.Body.String(), -1) {
			series = append(series, m[1]+" "+m[2])
		}
		slices.Sort(series)
		return series
	}
	for _, step := range []struct {
		target string
		said   circuit.Result
		want   []string
	}{
		{"1", circuit.Worked, []string{"1 0"}},
		{"2", circuit.Worked, []string{"1 0", "2 0"}},
		{"3", circuit.Worked, []string{"1 0", "2 0", "other 0"}},
		{"1", circuit.Broke, []string{"1 2", "2 0", "other 0"}},
		{"4", circuit.Broke, []string{"1 2", "2 0", "4 2", "other 0"}},
		{"5", circuit.Broke, []string{"1 2", "2 0", "4 2", "5 2", "other 0"}},
		{"3", circuit.Broke, []string{"1 2", "2 0", "4 2", "5 2", "other 2"}},
	} {
		try(step.target, step.said)
		if got := told(); !slices.Equal(got, step.want) {
			t.Errorf("after %s: %q, want %q", step.target, got, step.want)
		}
	}
}

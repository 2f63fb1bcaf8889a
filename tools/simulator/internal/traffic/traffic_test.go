package traffic_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/tools/simulator/internal/profiletest"
	"github.com/actionplane/actionplane/tools/simulator/internal/traffic"
)

func encoded(t testing.TB, p traffic.Profile) []byte {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestParse(t *testing.T) {
	t.Parallel()
	flat := profiletest.Flat(traffic.Rates{Hooks: 1})
	flat.House = traffic.House{}
	good := string(encoded(t, flat))
	t.Run("FillsInTheHouse", func(t *testing.T) {
		t.Parallel()
		p, err := traffic.Parse([]byte(good))
		if err != nil {
			t.Fatal(err)
		}
		if h := p.House; h.Connections != 6 || h.Utilization != 0.7 || len(h.RetrySeconds) != 9 || h.RetentionDays.DeadLetters != 30 {
			t.Errorf("got %+v", h)
		}
	})
	for name, c := range map[string]struct{ old, new, problem string }{
		"NeedsADay":            {`"hooksPerSecond":[1,`, `"hooksPerSecond":[`, "hooksPerSecond must have 24 values"},
		"SharesAreShares":      {`"matchedHooks":1`, `"matchedHooks":1.5`, "matchedHooks must be 0 to 1"},
		"TargetsShareAll":      {`"share":1`, `"share":0.5`, "must add up to 1"},
		"KnowsEveryMember":     {`"tenants"`, `"tenant"`, "unknown field"},
		"OutagesHaveATarget":   {`"outages":null`, `"outages":[{"target":"x","at":"10:00","minutes":1}]`, `no target "x"`},
		"OutagesHaveATime":     {`"outages":null`, `"outages":[{"target":"a","at":"25:00","minutes":1}]`, "time of day"},
		"BurstsAreOfAKind":     {`"bursts":null`, `"bursts":[{"what":"x","at":"10:00","minutes":1,"times":2}]`, "what must be one of"},
		"WaitsAreNotNegative":  {`"retrySeconds":null`, `"retrySeconds":[-1]`, "retrySeconds must be"},
		"P99IsAboveTheMedian":  {`"p99Milli":50`, `"p99Milli":5`, "p99Milli must be 10"},
		"ReplicasAreAtLeast1":  {`"replicas":null`, `"replicas":{"dispatch":0}`, "replicas: dispatch"},
		"StepsNeedSomeWeights": {`"stepsWeights":[1]`, `"stepsWeights":[0]`, "stepsWeights must have"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(good, c.old, c.new, 1)
			if text == good {
				t.Fatalf("%q is not in %s", c.old, good)
			}
			_, err := traffic.Parse([]byte(text))
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	p := profiletest.Flat(traffic.Rates{Hooks: 10, Events: 20})
	p.Bursts = []traffic.Burst{{What: "events", At: "09:50", Minutes: 20, Times: 3}}
	p.Outages = []traffic.Outage{{Target: "a", At: "01:00", Minutes: 1}}
	const at = 9*3600 + 50*60
	for second, want := range map[int]float64{at - 1: 20, at: 60, at + 20*60 - 1: 60, at + 20*60: 20, at + traffic.Day: 20} {
		if got := p.At(second).Events; got != want {
			t.Errorf("second %d: %g events, want %g", second, got, want)
		}
	}
	for hour, want := range map[int]float64{8: 20, 9: 60, 10: 60, 11: 20} {
		if got := p.Burst(hour, true).Events; got != want {
			t.Errorf("hour %d: %g events, want %g", hour, got, want)
		}
		if got := p.Burst(hour, false).Events; got != 20 {
			t.Errorf("hour %d: %g events although they may wait", hour, got)
		}
	}
	if !p.Out(0, 3600) || p.Out(0, 3599) || p.Out(0, 3660) || p.Out(0, 3600+traffic.Day) {
		t.Error("the outage is at another time")
	}
	if twice := p.Times(2); twice.HooksPerSecond[3] != 20 || p.HooksPerSecond[3] != 10 {
		t.Error("Times does not double, or changes the original")
	}
	p.StepsWeights = []float64{1, 0, 1}
	if got := p.Steps(); got != 2 {
		t.Errorf("%g steps", got)
	}
	// The mean of a log-normal distribution: median x exp(sigma²/2).
	one := traffic.Target{MedianMilli: 100, P99Milli: 100 * math.Exp(2.3263478740408408)}
	if got := one.MeanMilli(); math.Abs(got-100*math.Exp(0.5)) > 1e-6 {
		t.Errorf("mean %g", got)
	}
}

// FuzzParse: what Parse takes has rates at every second that are numbers.
func FuzzParse(f *testing.F) {
	f.Add(encoded(f, profiletest.Flat(traffic.Rates{Hooks: 1, Events: 2, Calls: 3, Flows: 4})))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := traffic.Parse(text)
		if err != nil {
			return
		}
		for second := 0; second < 2*traffic.Day; second += 1800 {
			if r := p.At(second); !(r.Events >= 0 && r.Hooks >= 0 && r.Calls >= 0 && r.Flows >= 0) {
				t.Errorf("second %d: %+v", second, r)
			}
		}
		if s := p.Steps(); math.IsNaN(s) || s < 1 {
			t.Errorf("%g steps", s)
		}
	})
}

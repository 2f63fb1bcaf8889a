package queue

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// oneStation is a queue M/M/c.
func oneStation(arrivals, service float64, servers int) Network {
	return Network{
		Stations: []Station{{Name: "one", Replicas: 1, Servers: servers}},
		Routes:   []Route{{Name: "all", Rate: arrivals, Visits: []Visit{{Station: 0, Mean: 1 / service}}}},
	}
}

func run(t interface{ Fatal(...any) }, n Network, seed uint64, jobs int) Result {
	r, err := n.Run(seed, jobs)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestErlangC(t *testing.T) {
	t.Parallel()
	t.Run("OneServerIsTheTextbooks", func(t *testing.T) {
		t.Parallel()
		waiting, wait := ErlangC(0.8, 1, 1) // M/M/1: rho, and rho/(mu-lambda)
		if math.Abs(waiting-0.8) > 1e-12 || math.Abs(wait-4) > 1e-9 {
			t.Errorf("got %g and %g", waiting, wait)
		}
	})
	t.Run("TwoServersAreTheTextbooks", func(t *testing.T) {
		t.Parallel()
		waiting, _ := ErlangC(1, 1, 2) // a²/(2+a) / ... = 1/3 at one erlang
		if math.Abs(waiting-1.0/3) > 1e-12 {
			t.Errorf("got %g", waiting)
		}
	})
	t.Run("TooFewServersNeverEnd", func(t *testing.T) {
		t.Parallel()
		if _, wait := ErlangC(2, 1, 2); !math.IsInf(wait, 1) {
			t.Errorf("got %g", wait)
		}
	})
}

func TestRun(t *testing.T) {
	t.Parallel()
	t.Run("WaitsAsTheClosedFormSays", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct {
			arrivals float64
			servers  int
		}{{0.5, 1}, {0.8, 1}, {1.4, 2}, {3.2, 4}, {6.8, 8}} {
			r := run(t, oneStation(c.arrivals, 1, c.servers), 7, 300_000)
			_, want := ErlangC(c.arrivals, 1, c.servers)
			if got := mean(r.Waits[0]); math.Abs(got-want) > 0.06*want {
				t.Errorf("%g erlang on %d servers: waited %g, want %g", c.arrivals, c.servers, got, want)
			}
			if use := c.arrivals / float64(c.servers); math.Abs(r.Use[0]-use) > 0.02 {
				t.Errorf("%g erlang on %d servers: used %g, want %g", c.arrivals, c.servers, r.Use[0], use)
			}
		}
	})
	t.Run("SameSeedSameResult", func(t *testing.T) {
		t.Parallel()
		n := oneStation(3, 1, 4)
		if !reflect.DeepEqual(run(t, n, 3, 5000), run(t, n, 3, 5000)) {
			t.Error("differs")
		}
		if reflect.DeepEqual(run(t, n, 3, 5000), run(t, n, 4, 5000)) {
			t.Error("another seed changes nothing")
		}
	})
	t.Run("WorkAfterTheAnswerIsNobodysWait", func(t *testing.T) {
		t.Parallel()
		n := oneStation(1, 1, 2)
		n.Stations = append(n.Stations, Station{Name: "record", Replicas: 1, Servers: 1})
		n.Routes[0].Visits = append(n.Routes[0].Visits, Visit{Station: 1, Mean: 0.9, After: true})
		r := run(t, n, 1, 20_000)
		if got := mean(r.Stays[0].Responses); got > 1.6 { // 1.33 without, above 10 with
			t.Errorf("answered after %g", got)
		}
		if r.Use[1] < 0.85 {
			t.Errorf("the work itself was not done: %g", r.Use[1])
		}
	})
	t.Run("RefusesWhatCannotBePlayed", func(t *testing.T) {
		t.Parallel()
		for name, n := range map[string]Network{
			"NoServers": oneStation(1, 1, 0), "NoArrivals": oneStation(0, 1, 1),
			"NoStation": {Routes: []Route{{Rate: 1, Visits: []Visit{{Station: 0}}}}},
		} {
			if _, err := n.Run(1, 10); err == nil {
				t.Errorf("%s is played", name)
			}
		}
	})
}

// TestLaws holds for every network: nobody is lost, and Little's law,
// L = lambda x W, is exact over a play that ends empty.
func TestLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := drawNetwork(t)
		jobs := rapid.IntRange(1, 500).Draw(t, "jobs")
		r := run(t, n, rapid.Uint64().Draw(t, "seed"), jobs)
		if r.Arrived != jobs || r.Done != jobs {
			t.Fatalf("%d came and %d were done, of %d", r.Arrived, r.Done, jobs)
		}
		total, counted := 0.0, 0
		for _, s := range r.Stays {
			total += s.Total
			counted += s.Jobs
			if len(s.Responses) != s.Jobs {
				t.Fatalf("%d of %d were answered", len(s.Responses), s.Jobs)
			}
		}
		if counted != jobs {
			t.Fatalf("%d stays", counted)
		}
		if law := total / r.Duration; math.Abs(law-r.InSystem) > 1e-6*(1+law) {
			t.Fatalf("L = %g, lambda W = %g", r.InSystem, law)
		}
		for i, use := range r.Use {
			if use < 0 || use > 1+1e-9 {
				t.Fatalf("station %d is used to %g", i, use)
			}
		}
	})
}

func drawNetwork(t *rapid.T) Network {
	var n Network
	for range rapid.IntRange(1, 4).Draw(t, "stations") {
		n.Stations = append(n.Stations, Station{Name: "s", Replicas: rapid.IntRange(1, 3).Draw(t, "replicas"), Servers: rapid.IntRange(1, 3).Draw(t, "servers")})
	}
	for range rapid.IntRange(1, 3).Draw(t, "routes") {
		r := Route{Name: "r", Rate: rapid.Float64Range(0.1, 100).Draw(t, "rate")}
		for range rapid.IntRange(0, 5).Draw(t, "visits") {
			r.Visits = append(r.Visits, Visit{Station: rapid.IntRange(-1, len(n.Stations)-1).Draw(t, "station"),
				Mean: rapid.Float64Range(0, 0.1).Draw(t, "mean"), Sigma: rapid.Float64Range(0, 2).Draw(t, "sigma"), After: rapid.Bool().Draw(t, "after")})
		}
		n.Routes = append(n.Routes, r)
	}
	return n
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func BenchmarkRun(b *testing.B) {
	n := oneStation(6.8, 1, 8)
	for b.Loop() {
		if _, err := n.Run(1, 10_000); err != nil {
			b.Fatal(err)
		}
	}
}

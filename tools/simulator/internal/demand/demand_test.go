package demand

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
	"github.com/actionplane/actionplane/tools/simulator/internal/profiletest"
	"github.com/actionplane/actionplane/tools/simulator/internal/traffic"
)

func TestReplicas(t *testing.T) {
	t.Parallel()
	t.Run("NobodyIsAlone", func(t *testing.T) {
		t.Parallel()
		for service, n := range New(profiletest.Flat(traffic.Rates{}), profiletest.Sheet(100)).Replicas() {
			if n != leastReplicas {
				t.Errorf("%d of %s for nothing", n, service)
			}
		}
	})
	t.Run("AreAsManyAsTheSumSays", func(t *testing.T) {
		t.Parallel()
		// 20,000 hooks a second at 100 us are two cores: three at 70 %, and four
		// so that three are left when one is missing.
		m := New(profiletest.Flat(traffic.Rates{Hooks: 20_000}), profiletest.Sheet(100))
		if n := m.Replicas()["executions"]; n != 4 {
			t.Errorf("got %d", n)
		}
		m.Profile.House.Speed = 2
		if n := m.Replicas()["executions"]; n != 3 {
			t.Errorf("with cores twice as fast: %d", n)
		}
	})
	t.Run("OfTheGatewayAreForREST", func(t *testing.T) {
		t.Parallel()
		p := profiletest.Flat(traffic.Rates{Hooks: 100_000})
		if n := New(p, profiletest.Sheet(100)).Replicas()["gateway"]; n != leastReplicas {
			t.Errorf("hooks over the bus need %d", n)
		}
		p.OverREST = 1
		if n := New(p, profiletest.Sheet(100)).Replicas()["gateway"]; n < 10 {
			t.Errorf("hooks over REST need %d", n)
		}
	})
	t.Run("BurstsOfHooksCountAndOfEventsWait", func(t *testing.T) {
		t.Parallel()
		p := profiletest.Flat(traffic.Rates{Hooks: 10_000, Events: 10_000})
		p.Bursts = []traffic.Burst{{What: "events", At: "12:00", Minutes: 10, Times: 10}}
		before := New(p, profiletest.Sheet(100)).Replicas()["executions"]
		p.Bursts[0].What = "hooks"
		if after := New(p, profiletest.Sheet(100)).Replicas()["executions"]; after <= before {
			t.Errorf("%d with a burst of events, %d with one of hooks", before, after)
		}
	})
	t.Run("FixedOnesStay", func(t *testing.T) {
		t.Parallel()
		p := profiletest.Flat(traffic.Rates{Hooks: 100_000})
		p.House.Fixed = map[string]int{"dispatch": 1}
		if n := New(p, profiletest.Sheet(100)).Replicas()["dispatch"]; n != 1 {
			t.Errorf("got %d", n)
		}
	})
}

// TestMoreNeverNeedsFewer: whatever the day, more of it needs at least as many
// replicas, cores and connections.
func TestMoreNeverNeedsFewer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, s := profiletest.Draw(t, 5000), profiletest.Sheet(rapid.Float64Range(0, 500).Draw(t, "us"))
		times := rapid.Float64Range(1, 20).Draw(t, "more")
		less, more := New(p, s), New(p.Times(times), s)
		few, many := less.Replicas(), more.Replicas()
		for _, service := range cost.Services {
			if many[service] < few[service] {
				t.Fatalf("%s: %d for once the traffic, %d for %g times", service, few[service], many[service], times)
			}
		}
		if less.Connections(few) > more.Connections(many) {
			t.Fatal("fewer connections")
		}
		for h := range traffic.Hours {
			if less.Needs(p.Hour(h)).Kind("cpu") > more.Needs(p.Times(times).Hour(h)).Kind("cpu")+1e-6 {
				t.Fatalf("hour %d needs less", h)
			}
		}
	})
}

func TestUses(t *testing.T) {
	t.Parallel()
	p := profiletest.Flat(traffic.Rates{Hooks: 1000})
	p.Targets[0] = traffic.Target{Name: "a", Share: 1, MedianMilli: 96, P99Milli: 96}
	m := New(p, profiletest.Sheet(10))
	uses := m.Uses(p.Hour(0), m.Replicas())
	if uses[0].What != "target a: concurrency" || math.Abs(uses[0].Busy-96) > 0.01 || uses[0].Of != 128 {
		t.Errorf("most used is %+v", uses[0]) // Little: 1000/s x 96 ms
	}
	if times, what := Room(uses); math.Abs(times-128.0/96) > 0.01 || what != uses[0].What {
		t.Errorf("room for %g times, until %s", times, what)
	}
}

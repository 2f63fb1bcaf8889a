package day

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/tools/simulator/internal/demand"
	"github.com/actionplane/actionplane/tools/simulator/internal/profiletest"
	"github.com/actionplane/actionplane/tools/simulator/internal/traffic"
)

func model(p traffic.Profile) (demand.Model, map[string]int) {
	m := demand.New(p, profiletest.Sheet(50))
	return m, m.Replicas()
}

// TestNothingIsLost: wherever the day is stopped, every event and delivery is
// somewhere.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, replicas := model(profiletest.Draw(t, 30))
		p := newPlay(m, replicas, rapid.Uint64().Draw(t, "seed"))
		for s := range rapid.IntRange(1, 5_000).Draw(t, "seconds") {
			p.second(s)
		}
		wantKept(t, p.result().Ledger)
	})
}

func wantKept(t interface{ Fatalf(string, ...any) }, l Ledger) {
	if l.Published != l.Unmatched+l.InEvents+l.Handled {
		t.Fatalf("events are lost: %+v", l)
	}
	if l.Deliveries != l.Succeeded+l.Dead+l.Waiting {
		t.Fatalf("deliveries are lost: %+v", l)
	}
	if l.Attempts < l.Succeeded+l.Dead {
		t.Fatalf("something ended without an attempt: %+v", l)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	t.Run("SameSeedSameDay", func(t *testing.T) {
		t.Parallel()
		m, replicas := model(profiletest.Flat(traffic.Rates{Events: 3}))
		if !reflect.DeepEqual(Replay(m, replicas, 1), Replay(m, replicas, 1)) {
			t.Error("differs")
		}
	})
	t.Run("AnOutageIsWorkedOffAndLosesNothing", func(t *testing.T) {
		t.Parallel()
		p := profiletest.Flat(traffic.Rates{Events: 20})
		p.Outages = []traffic.Outage{{Target: "a", At: "12:00", Minutes: 60}}
		p.House.RetrySeconds = []float64{5, 300, 1800, 7200, 18000}
		m, replicas := model(p)
		r := Replay(m, replicas, 1)
		wantKept(t, r.Ledger)
		trouble := r.Troubles[0]
		if trouble.Most < 60_000 || trouble.Most > 80_000 { // 72,000 came meanwhile
			t.Errorf("%d were late", trouble.Most)
		}
		// The circuit's longest pause, and then the backlog.
		if trouble.DrainedIn < 1 || trouble.DrainedIn > circuitMaxPause+120 {
			t.Errorf("worked off after %d s", trouble.DrainedIn)
		}
		if r.Ledger.Dead != 0 {
			t.Errorf("%d dead letters: what a circuit puts off is no attempt", r.Ledger.Dead)
		}
	})
	t.Run("ABurstWaitsInTheStream", func(t *testing.T) {
		t.Parallel()
		p := profiletest.Flat(traffic.Rates{Events: 100})
		p.Bursts = []traffic.Burst{{What: "events", At: "06:00", Minutes: 10, Times: 400}}
		p.Targets[0].Concurrency = 10_000
		m := demand.New(p, profiletest.Sheet(100))
		r := Replay(m, map[string]int{"executions": 2, "dispatch": 2, "targets": 2, "scripts": 2, "actions": 2}, 1)
		wantKept(t, r.Ledger)
		// 24,000,000 come; Redis, of one core, lets 10,000 by a second: they
		// take half an hour more.
		if in := r.Troubles[0].DrainedIn; in < 1700 || in > 1900 {
			t.Errorf("worked off after %d s", in)
		}
		if r.Age.Max < 1700 {
			t.Errorf("the oldest waited %d s", r.Age.Max)
		}
	})
	t.Run("AnEventWithoutAChainIsHeldByNobody", func(t *testing.T) {
		t.Parallel()
		for matched, wait := range map[float64]bool{0.5: false, 1: true} {
			profile := profiletest.Flat(traffic.Rates{Events: 12})
			profile.MatchedEvents = matched
			profile.Targets[0].MedianMilli, profile.Targets[0].P99Milli = 1000, 2000
			profile.House.EventWorkers = 1 // two in all, a quarter of a second each: eight a second that have a chain
			profile.House.Fixed = map[string]int{"dispatch": 2}
			m, replicas := model(profile)
			p := newPlay(m, replicas, 1)
			for s := range 600 {
				p.second(s)
			}
			if in := p.result().Ledger.InEvents; (in > 1000) != wait {
				t.Errorf("with %g matched %d wait", matched, in)
			}
		}
	})
	t.Run("WhatAlwaysFailsIsADeadLetter", func(t *testing.T) {
		t.Parallel()
		p := profiletest.Flat(traffic.Rates{Events: 2})
		p.Targets[0].Failures = 1
		m, replicas := model(p)
		r := Replay(m, replicas, 1)
		wantKept(t, r.Ledger)
		if r.Ledger.Succeeded > 0 || r.Ledger.Dead < r.Ledger.Deliveries*95/100 {
			t.Errorf("%+v", r.Ledger)
		}
	})
}

// TestDraw: what is drawn has the average that was asked for.
func TestDraw(t *testing.T) {
	t.Parallel()
	d := newDraw(1)
	const times = 20_000
	for _, mean := range []float64{0, 0.1, 3, 40, 500} {
		sum := 0
		for range times {
			sum += d.poisson(mean)
		}
		if got := float64(sum) / times; math.Abs(got-mean) > 0.02*mean+0.01 {
			t.Errorf("poisson of %g: %g", mean, got)
		}
	}
	for _, c := range []struct {
		n int
		p float64
	}{{10, 0.5}, {1000, 0.001}, {1000, 0.3}, {60, 0.99}, {100_000, 0.5}} {
		sum := 0
		for range times {
			k := d.binomial(c.n, c.p)
			if k < 0 || k > c.n {
				t.Fatalf("%d of %d", k, c.n)
			}
			sum += k
		}
		want := float64(c.n) * c.p
		if got := float64(sum) / times; math.Abs(got-want) > 0.02*want+0.01 {
			t.Errorf("binomial of %d and %g: %g, want %g", c.n, c.p, got, want)
		}
	}
	if parts := d.split(1000, []float64{0, 1, 0, 2, 0}); parts[0]+parts[2]+parts[4] != 0 || parts[1]+parts[3] != 1000 {
		t.Errorf("dealt out: %v", parts)
	}
}

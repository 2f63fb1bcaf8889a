package circuit_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/services/dispatch/internal/circuit"
)

var (
	epoch  = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	policy = circuit.Policy{Failures: 3, Pause: time.Second, MaxPause: 5 * time.Second}
)

func broken(n int) circuit.Circuit {
	c := circuit.New()
	for range n {
		c = c.Tell(policy, circuit.Broke, false, epoch)
	}
	return c
}

func TestCircuit(t *testing.T) {
	t.Parallel()
	t.Run("OpensAfterFailuresInARow", func(t *testing.T) {
		t.Parallel()
		c := broken(2).Tell(policy, circuit.Worked, false, epoch)
		c = c.Tell(policy, circuit.Broke, false, epoch).Tell(policy, circuit.Unknown, false, epoch).Tell(policy, circuit.Broke, false, epoch)
		if c.State != circuit.Closed {
			t.Fatalf("two in a row opened it: %+v", c)
		}
		if c = c.Tell(policy, circuit.Broke, false, epoch); c.State != circuit.Open || !c.Until.Equal(epoch.Add(time.Second)) {
			t.Fatalf("got %+v", c)
		}
	})
	t.Run("LetsOneProbeThroughAfterThePause", func(t *testing.T) {
		t.Parallel()
		c := broken(3)
		if _, ok, _ := c.Ask(epoch.Add(999*time.Millisecond), time.Minute); ok {
			t.Error("let through before the pause was over")
		}
		c, ok, probe := c.Ask(epoch.Add(time.Second), time.Minute)
		if !ok || !probe || c.State != circuit.HalfOpen {
			t.Fatalf("got %+v, %v, %v", c, ok, probe)
		}
		if _, ok, _ := c.Ask(epoch.Add(time.Minute), time.Minute); ok {
			t.Error("a second one at once")
		}
		if _, ok, probe := c.Ask(epoch.Add(time.Minute+time.Second), time.Minute); !ok || !probe {
			t.Error("a probe that was lost closes it for ever")
		}
		if c := c.Tell(policy, circuit.Worked, true, epoch); c.State != circuit.Closed || c.Trips != 0 || c.Failures != 0 {
			t.Errorf("the probe worked: %+v", c)
		}
		if c := c.Tell(policy, circuit.Worked, false, epoch); c.State != circuit.HalfOpen {
			t.Errorf("one that began before the probe decided: %+v", c)
		}
		if c := c.Tell(policy, circuit.Unknown, true, epoch); c.State != circuit.Open || c.Until.After(epoch) {
			t.Errorf("the probe was not made: %+v", c)
		}
	})
	t.Run("PausesGrowUpToTheLongest", func(t *testing.T) {
		t.Parallel()
		c := broken(3)
		for _, want := range []time.Duration{2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second} {
			now := c.Until
			c, _, _ = c.Ask(now, time.Minute)
			if c = c.Tell(policy, circuit.Broke, true, now); c.Until.Sub(now) != want {
				t.Fatalf("pause %v, want %v", c.Until.Sub(now), want)
			}
		}
	})
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	if err := circuit.DefaultPolicy().Validate(); err != nil {
		t.Error(err)
	}
	for _, bad := range []circuit.Policy{{}, {Failures: 1}, {Failures: 1, Pause: 2, MaxPause: 1}, {Pause: 1, MaxPause: 1}} {
		if bad.Validate() == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

// TestInvariants: in whatever order attempts begin and end, at most one probe
// is under way at a time, nothing else goes through a circuit that is not
// closed, and one that is open is tried again some time.
func TestInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, now := circuit.New(), epoch
		var probes, others int
		lost := time.Time{}
		for range rapid.IntRange(0, 80).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			result := rapid.SampledFrom([]circuit.Result{circuit.Unknown, circuit.Worked, circuit.Broke}).Draw(t, "result")
			switch rapid.SampledFrom([]string{"ask", "probe", "other"}).Draw(t, "what") {
			case "ask":
				next, ok, probe := c.Ask(now, time.Minute)
				if probe != (ok && c.State != circuit.Closed) {
					t.Fatalf("%+v: ok %v, probe %v", c, ok, probe)
				}
				if probe && probes > 0 && now.Before(lost) {
					t.Fatalf("two probes at once: %+v", c)
				}
				if probe {
					probes, lost = 1, now.Add(time.Minute)
				} else if ok {
					others++
				}
				c = next
			case "probe":
				if probes > 0 && now.Before(lost) {
					probes, c = 0, c.Tell(policy, result, true, now)
				}
			case "other":
				if others > 0 {
					others--
					before := c
					if c = c.Tell(policy, result, false, now); before.State != circuit.Closed && c != before {
						t.Fatalf("an old result moved %+v to %+v", before, c)
					}
				}
			}
			if c.State == circuit.Open && c.Until.After(now.Add(policy.MaxPause)) {
				t.Fatalf("%+v stays open too long after %v", c, now)
			}
		}
		if _, ok, _ := c.Ask(now.Add(2*time.Minute), time.Minute); !ok {
			t.Fatalf("%+v is never tried again", c)
		}
	})
}

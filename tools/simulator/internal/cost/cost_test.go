package cost_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
	"github.com/actionplane/actionplane/tools/simulator/internal/profiletest"
)

// measured is a sheet in which dispatch needs so much for every operation.
func measured(dispatch map[cost.Operation]float64) cost.Sheet {
	s := profiletest.Sheet(10)
	for op, us := range dispatch {
		s.Operations[op].Each[cost.CPU("dispatch")] = us
	}
	return s
}

func TestTariff(t *testing.T) {
	t.Parallel()
	tariff := measured(map[cost.Operation]float64{
		cost.Hook1: 100, cost.Hook3: 180, cost.HookLarge: 170, cost.HookScript: 90,
		cost.Event1: 80, cost.Event3: 140, cost.EventLarge: 73, cost.EventRetried: 160,
		cost.EventMiss: 25, cost.EventMissBus: 20,
	}).Tariff()
	for what, c := range map[string]struct {
		price cost.Amounts
		want  float64
	}{
		"AStepIsHalfOfTwo":             {tariff.HookStep, 40},
		"AHookIsWhatIsLeft":            {tariff.Hook, 60},
		"AKiBIsASeventhOfSeven":        {tariff.HookKiB, 10},
		"AScriptIsWhatIsNotTheHook":    {tariff.ScriptStep, 30},
		"AnEventBeginsInItsStream":     {tariff.EventMiss, 20},
		"AndAChainIsWhatIsLeft":        {tariff.Event, 45},
		"ARetryIsHalfOfTwo":            {tariff.EventAttempt, 40},
		"NothingIsLessThanNothing":     {tariff.EventKiB, 0},
		"TheDoorIsTheGatewaysAndNoOne": {tariff.HookDoor, 0},
	} {
		if got := c.price[cost.CPU("dispatch")]; math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %g, want %g", what, got, c.want)
		}
	}
	if got := tariff.HookDoor[cost.CPU("gateway")]; got != 10 {
		t.Errorf("the door costs the gateway %g", got)
	}
	if got := tariff.Hook[cost.CPU("gateway")]; got != 0 {
		t.Errorf("a hook over the bus costs the gateway %g", got)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	good, err := profiletest.Sheet(10).Encode()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("ReadsWhatWasWritten", func(t *testing.T) {
		t.Parallel()
		s, err := cost.Parse(good)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.Encode()
		if err != nil || string(again) != string(good) {
			t.Errorf("changed: %v", err)
		}
		if got := s.Whence(s.Machine.MeasuredAt.Add(50 * time.Hour)); !strings.Contains(got, "2 days ago") || !strings.Contains(got, "2 cores of test") {
			t.Error(got)
		}
	})
	for name, c := range map[string]struct{ old, new, problem string }{
		"NamesWhatWasNotMeasured": {`"hook-miss"`, `"hook-other"`, "hook-miss was not measured"},
		"KnowsEveryMember":        {`"cpu": "test"`, `"cpus": "test"`, "unknown field"},
		"RefusesNegatives":        {`"nats/messages": 1`, `"nats/messages": -1`, "must not be negative"},
		"NeedsTwoSizes":           {`"largePayloadBytes": 8192`, `"largePayloadBytes": 1024`, "largePayloadBytes larger"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := cost.Parse([]byte(strings.Replace(string(good), c.old, c.new, 1)))
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// FuzzParse: what Parse takes can be reckoned with.
func FuzzParse(f *testing.F) {
	good, err := profiletest.Sheet(10).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := cost.Parse(text)
		if err != nil {
			return
		}
		for r, v := range s.Tariff().Hook {
			if v < 0 || math.IsNaN(v) {
				t.Errorf("%s costs %g", r, v)
			}
		}
	})
}

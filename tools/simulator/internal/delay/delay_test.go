package delay

import (
	"reflect"
	"testing"

	"github.com/actionplane/actionplane/tools/simulator/internal/demand"
	"github.com/actionplane/actionplane/tools/simulator/internal/profiletest"
	"github.com/actionplane/actionplane/tools/simulator/internal/traffic"
)

func TestAt(t *testing.T) {
	t.Parallel()
	quiet, busy := traffic.Rates{Hooks: 100}, traffic.Rates{Hooks: 18_000}
	m := demand.New(profiletest.Flat(quiet), profiletest.Sheet(50))
	m.Tariff.Hook = m.Tariff.Hook.Without("redis") // of one core, the first to give
	one := map[string]int{"gateway": 1, "access": 1, "executions": 1, "dispatch": 1, "scripts": 1, "targets": 1, "actions": 1, "approvals": 1}
	at := func(t *testing.T, r traffic.Rates) Delay {
		t.Helper()
		delays, overloaded, err := At(m, r, one, 1)
		if err != nil || overloaded != "" || len(delays) != 1 {
			t.Fatalf("got %v, %q, %v", delays, overloaded, err)
		}
		return delays[0]
	}
	t.Run("CrowdsWait", func(t *testing.T) {
		t.Parallel()
		calm, crowd := at(t, quiet), at(t, busy)
		if calm.WaitedP99 > 0.1 || crowd.WaitedP50 < 5*calm.WaitedP99 {
			t.Errorf("waited %+v when quiet, %+v when busy", calm, crowd)
		}
	})
	t.Run("TargetsTimeIsNotTheHouses", func(t *testing.T) {
		t.Parallel()
		if calm := at(t, quiet); calm.AddedP99 > 2 { // they take 10 ms and more
			t.Errorf("%+v", calm)
		}
	})
	t.Run("NamesWhatIsNotEnough", func(t *testing.T) {
		t.Parallel()
		_, overloaded, err := At(m, traffic.Rates{Hooks: 30_000}, one, 1)
		if err != nil || overloaded != "executions" {
			t.Errorf("got %q, %v", overloaded, err)
		}
	})
	t.Run("SameSeedSameDelays", func(t *testing.T) {
		t.Parallel()
		if !reflect.DeepEqual(at(t, quiet), at(t, quiet)) {
			t.Error("differ")
		}
	})
	t.Run("NothingComesOfNothing", func(t *testing.T) {
		t.Parallel()
		if delays, _, err := At(m, traffic.Rates{}, one, 1); err != nil || len(delays) != 0 {
			t.Errorf("got %v, %v", delays, err)
		}
	})
}

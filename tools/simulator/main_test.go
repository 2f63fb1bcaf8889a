package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/tools/simulator/internal/forecast"
)

var now = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

func simulate(t *testing.T, args ...string) string {
	t.Helper()
	var out strings.Builder
	if err := run(append([]string{"-costs", "costs.json"}, args...), &out, now); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestProfiles: what ships can be simulated, and says what it is asked for.
func TestProfiles(t *testing.T) {
	t.Parallel()
	profiles, err := filepath.Glob("profiles/*.json")
	if err != nil || len(profiles) < 3 {
		t.Fatalf("%d profiles, %v", len(profiles), err)
	}
	for _, path := range profiles {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			t.Parallel()
			var f forecast.Forecast
			if err := json.Unmarshal([]byte(simulate(t, "-json", path)), &f); err != nil {
				t.Fatal(err)
			}
			for _, s := range f.Services {
				if s.Replicas < 2 {
					t.Errorf("%d of %s", s.Replicas, s.Name)
				}
			}
			if f.Postgres.Connections > f.Postgres.OfConnections {
				t.Errorf("%d connections do not fit in %d", f.Postgres.Connections, f.Postgres.OfConnections)
			}
			l := f.Day.Ledger
			if l.Published == 0 || l.Published != l.Unmatched+l.InEvents+l.Handled || l.Deliveries != l.Succeeded+l.Dead+l.Waiting {
				t.Errorf("the ledger does not add up: %+v", l)
			}
			for _, trouble := range f.Day.Troubles {
				if trouble.DrainedIn < 0 {
					t.Errorf("%s is never over", trouble.What)
				}
			}
		})
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	const small = "profiles/small-company.json"
	t.Run("PrintsATable", func(t *testing.T) {
		t.Parallel()
		out := simulate(t, small)
		for _, want := range []string{"small company", "costs measured", "dispatch", "Postgres", "the busiest hour", "one replica less", "worked off"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q is missing in\n%s", want, out)
			}
		}
	})
	for name, args := range map[string][]string{
		"NeedsAProfile": {}, "NeedsAProfileThatIsThere": {"profiles/none.json"}, "NeedsCosts": {"-costs", "none.json", small},
		"KeepsToBounds": {"-times", "1e9", small},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := run(append([]string{"-costs", "costs.json"}, args...), &strings.Builder{}, now); err == nil {
				t.Error("no error")
			}
		})
	}
}

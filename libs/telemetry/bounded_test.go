package telemetry_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"go.opentelemetry.io/otel/attribute"

	"github.com/actionplane/actionplane/libs/telemetry"
)

func TestPerTarget(t *testing.T) {
	t.Parallel()

	t.Run("TheFirstHaveTheirOwnAndTheRestShare", func(t *testing.T) {
		t.Parallel()
		label := func(tenant, target string) string { return tenant + "/" + target }
		p := telemetry.NewPerTarget(2, label)
		for _, c := range []struct{ tenant, target, want string }{
			{"a", "1", "a/1"}, {"a", "2", "a/2"}, {"a", "3", "a/other"}, {"b", "1", "b/other"}, {"c", "1", "other/other"},
			{"a", "1", "a/1"}, {"c", "2", "other/other"}, {"a", "4", "a/other"}, {"b", "2", "b/other"},
		} {
			if got := p.Of(c.tenant, c.target); got != c.want {
				t.Errorf("%s/%s is %s, want %s", c.tenant, c.target, got, c.want)
			}
		}
	})

	t.Run("HoweverManyThereAreTheValuesAreBounded", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			limit, built := rapid.IntRange(0, 5).Draw(t, "limit"), 0
			p := telemetry.NewPerTarget(limit, func(string, string) int { built++; return built })
			name := rapid.StringMatching(`[a-d]{1,2}`)
			for range rapid.IntRange(0, 60).Draw(t, "n") {
				p.Of(name.Draw(t, "tenant"), name.Draw(t, "target"))
			}
			if built > 2*limit+1 {
				t.Fatalf("built %d for a limit of %d", built, limit)
			}
		})
	})

}

func TestCountingAllocatesNothing(t *testing.T) { //nolint:paralleltest // counts allocations
	p := telemetry.NewPerTarget(1, func(string, string) *string { return new(string) })
	for _, of := range [][2]string{{"a", "1"}, {"a", "2"}, {"b", "1"}} {
		p.Of(of[0], of[1])
		if n := testing.AllocsPerRun(100, func() { p.Of(of[0], of[1]) }); n > 0 {
			t.Errorf("%v: %v allocations", of, n)
		}
	}
	tally, err := telemetry.NewTally(telemetry.Nop().Meter("test"), "actionplane.things", "{thing}", "things that were counted")
	if err != nil {
		t.Fatal(err)
	}
	count := tally.Of()
	if n := testing.AllocsPerRun(100, func() { count.Add(1) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTally(t *testing.T) {
	t.Parallel()
	running := start(t, telemetry.Config{})
	tally, err := telemetry.NewTally(running.Meter("test"), "actionplane.things", "{thing}", "things that were counted")
	if err != nil {
		t.Fatal(err)
	}
	good := tally.Of(attribute.String("result", "good"))
	tally.Of(attribute.String("result", "bad"))
	good.Add(2)
	another, err := telemetry.NewTally(running.Meter("test"), "actionplane.things", "{thing}", "things that were counted")
	if err != nil {
		t.Fatal(err)
	}
	another.Of(attribute.String("result", "good")).Add(1)
	another.Of(attribute.String("result", "good")).Add(1)
	scraped := scrape(t, running)
	for result, n := range map[string]int{"good": 4, "bad": 0} {
		wantLine(t, scraped, "actionplane_things_total{", fmt.Sprintf("result=%q} %d", result, n))
	}
}

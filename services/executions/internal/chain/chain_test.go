package chain_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/actionplane/actionplane/services/executions/internal/chain"
	"pgregory.net/rapid"
)

func snapshot(id chain.TargetID) chain.Target {
	return chain.Target{ID: id, Name: "t" + string(id), Kind: chain.Webhook, Endpoint: "https://example.com/" + string(id), Timeout: time.Second}
}

func snapshots(id chain.TargetID) (chain.Target, bool) { return snapshot(id), true }

func TestWinner(t *testing.T) {
	t.Parallel()
	candidates := []string{"event/a.b", "event/a.*", "event"}
	tests := []struct {
		name   string
		stored []string
		want   string
		ok     bool
	}{
		{"BestCandidateWins", []string{"event", "event/a.b", "event/a.*"}, "event/a.b", true},
		{"BroaderOneServesWhenAlone", []string{"event"}, "event", true},
		{"NobodyWins", []string{"request"}, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := chain.Winner(candidates, func(id string) bool { return slices.Contains(tt.stored, id) })
			if got != tt.want || ok != tt.ok {
				t.Errorf("Winner = %q, %v, want %q, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	w := world{
		"request":       {target("1")},
		"request/a.S":   {},
		"request/a.S/M": {include("request"), target("2"), target("9"), target("3")},
	}
	targets := func(id chain.TargetID) (chain.Target, bool) { return snapshot(id), id != "9" }

	t.Run("WinnerNamesTheChainAndIncludesAreInPlace", func(t *testing.T) {
		t.Parallel()
		got, ok := chain.Resolve([]string{"request/a.S/M", "request/a.S", "request"}, w.executions, targets)
		want := []chain.Step{{1, snapshot("1")}, {2, snapshot("2")}, {3, snapshot("3")}}
		if !ok || got.ConditionID != "request/a.S/M" || !slices.Equal(got.Steps, want) {
			t.Errorf("Resolve = %+v, %v, want steps %+v", got, ok, want)
		}
	})
	t.Run("NoopShadowsBroaderOnes", func(t *testing.T) {
		t.Parallel()
		got, ok := chain.Resolve([]string{"request/a.S/Other", "request/a.S", "request"}, w.executions, targets)
		if !ok || got.ConditionID != "request/a.S" || !got.Empty() {
			t.Errorf("Resolve = %+v, %v, want an empty chain of request/a.S", got, ok)
		}
	})
	t.Run("NothingMatches", func(t *testing.T) {
		t.Parallel()
		if got, ok := chain.Resolve([]string{"event/a", "event"}, w.executions, targets); ok || !got.Empty() {
			t.Errorf("Resolve = %+v, %v, want nothing", got, ok)
		}
	})
}

// TestResolveAgreesWithModel looks for the winner in the stored executions
// rather than the candidates, unfolds with the model, and numbers by hand.
func TestResolveAgreesWithModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld().Draw(t, "world")
		candidates := rapid.SliceOfNDistinct(drawID(), 1, 4, rapid.ID).Draw(t, "candidates")
		gone := chain.TargetID(strconv.Itoa(rapid.IntRange(0, 5).Draw(t, "gone")))

		winner, best := "", len(candidates)
		for id := range w {
			if rank := slices.Index(candidates, id); rank >= 0 && rank < best {
				winner, best = id, rank
			}
		}
		var want []chain.Step
		for _, id := range modelFlatten(w, winner) {
			if id != gone {
				want = append(want, chain.Step{Position: 1 + len(want), Target: snapshot(id)})
			}
		}

		got, ok := chain.Resolve(candidates, w.executions, func(id chain.TargetID) (chain.Target, bool) {
			return snapshot(id), id != gone
		})
		if ok != (best < len(candidates)) || got.ConditionID != winner || !slices.Equal(got.Steps, want) {
			t.Fatalf("Resolve = %+v, %v, want %q with %+v", got, ok, winner, want)
		}
	})
}

func BenchmarkResolve(b *testing.B) {
	w := world{
		"request/a.S/M": {target("1"), include("request"), target("3")},
		"request":       {target("2")},
	}
	candidates := []string{"request/a.S/M", "request/a.S", "request"}
	b.ReportAllocs()
	for b.Loop() {
		chain.Resolve(candidates, w.executions, snapshots)
	}
}

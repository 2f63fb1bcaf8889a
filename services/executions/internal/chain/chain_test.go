package chain_test

import (
	"slices"
	"testing"

	"github.com/actionplane/actionplane/services/executions/internal/chain"
	"pgregory.net/rapid"
)

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
		"request/a.S/M": {include("request"), target("2"), target("3")},
	}
	t.Run("WinnerIsNamedAndIncludesAreInPlace", func(t *testing.T) {
		t.Parallel()
		id, got, ok := chain.Resolve([]string{"request/a.S/M", "request/a.S", "request"}, w.executions)
		if !ok || id != "request/a.S/M" || !slices.Equal(got, []chain.TargetID{"1", "2", "3"}) {
			t.Errorf("Resolve = %q, %v, %v", id, got, ok)
		}
	})
	t.Run("NoopShadowsBroaderOnes", func(t *testing.T) {
		t.Parallel()
		id, got, ok := chain.Resolve([]string{"request/a.S/Other", "request/a.S", "request"}, w.executions)
		if !ok || id != "request/a.S" || len(got) != 0 {
			t.Errorf("Resolve = %q, %v, %v, want nothing of request/a.S", id, got, ok)
		}
	})
	t.Run("NothingMatches", func(t *testing.T) {
		t.Parallel()
		if id, got, ok := chain.Resolve([]string{"event/a", "event"}, w.executions); ok || id != "" || len(got) != 0 {
			t.Errorf("Resolve = %q, %v, %v, want nothing", id, got, ok)
		}
	})
}

// TestResolveAgreesWithModel looks for the winner in the stored executions
// rather than the candidates, and unfolds with the model.
func TestResolveAgreesWithModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld().Draw(t, "world")
		candidates := rapid.SliceOfNDistinct(drawID(), 1, 4, rapid.ID).Draw(t, "candidates")
		winner, best := "", len(candidates)
		for id := range w {
			if rank := slices.Index(candidates, id); rank >= 0 && rank < best {
				winner, best = id, rank
			}
		}
		want := modelFlatten(w, winner)
		id, got, ok := chain.Resolve(candidates, w.executions)
		if ok != (best < len(candidates)) || id != winner || !slices.Equal(got, want) {
			t.Fatalf("Resolve = %q, %v, %v, want %q with %v", id, got, ok, winner, want)
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
		chain.Resolve(candidates, w.executions)
	}
}

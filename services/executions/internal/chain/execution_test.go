package chain_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/actionplane/actionplane/services/executions/internal/chain"
	"pgregory.net/rapid"
)

// world is what is stored: entries by condition id.
type world map[string][]chain.Entry

func (w world) executions(id string) (chain.Execution, bool) {
	entries, ok := w[id]
	return chain.Execution{ConditionID: id, Entries: entries}, ok
}

func (w world) includers(id string) []string {
	var ids []string
	for includer, entries := range w {
		if slices.Contains(entries, include(id)) {
			ids = append(ids, includer)
		}
	}
	return ids
}

func (w world) root(id string) chain.Execution {
	return chain.Execution{ConditionID: id, Entries: w[id]}
}

func target(id chain.TargetID) chain.Entry { return chain.Entry{Target: id} }
func include(id string) chain.Entry        { return chain.Entry{Include: id} }

func repeat(e chain.Entry, n int) []chain.Entry { return slices.Repeat([]chain.Entry{e}, n) }

func TestFlatten(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		world world
		want  []chain.TargetID
	}{
		{"OrderIsKept", world{"a": {target("3"), target("1"), target("2")}}, []chain.TargetID{"3", "1", "2"}},
		{"IncludeStandsInPlace", world{
			"a": {target("1"), include("b"), target("4")},
			"b": {target("2"), target("3")},
		}, []chain.TargetID{"1", "2", "3", "4"}},
		{"DuplicatesAreCalledTwice", world{
			"a": {target("1"), include("b"), target("1"), include("b")},
			"b": {target("1")},
		}, []chain.TargetID{"1", "1", "1", "1"}},
		{"TwoHops", world{
			"a": {include("b")}, "b": {include("c"), target("2")}, "c": {target("1")},
		}, []chain.TargetID{"1", "2"}},
		{"ThirdHopIsLeftOut", world{
			"a": {include("b")}, "b": {include("c")}, "c": {target("1"), include("d")}, "d": {target("2")},
		}, []chain.TargetID{"1"}},
		{"MissingAndEmptyIncludesAreNothing", world{
			"a": {include("gone"), target("1"), include("noop")}, "noop": {},
		}, []chain.TargetID{"1"}},
		{"CircleEnds", world{"a": {target("1"), include("a")}}, []chain.TargetID{"1", "1", "1"}},
		{"Noop", world{"a": {}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := chain.Flatten(tt.world.root("a"), tt.world.executions); !slices.Equal(got, tt.want) {
				t.Errorf("Flatten = %v, want %v", got, tt.want)
			}
		})
	}
}

// TestFlattenIsBounded: lists that could only be stored past CheckIncludes.
func TestFlattenIsBounded(t *testing.T) {
	t.Parallel()
	wide := world{
		"a": repeat(include("b"), 1000), "b": repeat(include("c"), 1000), "c": repeat(target("1"), 1000),
		"x": repeat(include("y"), 1000), "y": repeat(include("noop"), 1000), "noop": {},
	}
	for _, id := range []string{"a", "x"} {
		if got := len(chain.Flatten(wide.root(id), wide.executions)); got > chain.MaxEntries {
			t.Errorf("Flatten(%s) returned %d targets, want at most %d", id, got, chain.MaxEntries)
		}
	}
}

func TestFlattenAgreesWithModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld().Draw(t, "world")
		want := modelFlatten(w, "a")
		if got := chain.Flatten(w.root("a"), w.executions); !slices.Equal(got, want) {
			t.Fatalf("Flatten = %v, want %v", got, want)
		}
	})
}

// modelFlatten rewrites the list in whole rounds, one per hop, and in the end
// strikes out what is still an include.
func modelFlatten(w world, id string) []chain.TargetID {
	list := w[id]
	for range chain.MaxIncludeHops {
		var next []chain.Entry
		for _, e := range list {
			if e.Include == "" {
				next = append(next, e)
			} else {
				next = append(next, w[e.Include]...)
			}
		}
		list = next
	}
	var targets []chain.TargetID
	for _, e := range list {
		if e.Include == "" {
			targets = append(targets, e.Target)
		}
	}
	return targets
}

func TestSameEntries(t *testing.T) {
	t.Parallel()
	a := []chain.Entry{target("1"), include("b")}
	for name, tt := range map[string]struct {
		other []chain.Entry
		want  bool
	}{
		"SameList":              {slices.Clone(a), true},
		"OtherOrder":            {[]chain.Entry{include("b"), target("1")}, false},
		"OtherType":             {[]chain.Entry{target("1"), target("b")}, false},
		"Shorter":               {a[:1], false},
		"OneMore":               {append(slices.Clone(a), target("1")), false},
		"EmptyIsNotTheSameList": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := chain.SameEntries(a, tt.other); got != tt.want {
				t.Errorf("SameEntries = %v, want %v", got, tt.want)
			}
		})
	}
	if !chain.SameEntries(nil, []chain.Entry{}) {
		t.Error("a list that was never set differs from an empty one")
	}
}

func drawEntries() *rapid.Generator[[]chain.Entry] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) chain.Entry {
		if rapid.Bool().Draw(t, "include") {
			return include(drawID().Draw(t, "id"))
		}
		return target(chain.TargetID(strconv.Itoa(rapid.IntRange(1, 5).Draw(t, "target"))))
	}), 0, 4)
}

func drawID() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"})
}

func drawWorld() *rapid.Generator[world] {
	return rapid.Custom(func(t *rapid.T) world {
		return rapid.MapOf(drawID(), drawEntries()).Draw(t, "executions")
	})
}

package chain_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/executions/internal/chain"
	"pgregory.net/rapid"
)

func TestCheckEntries(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		entries []chain.Entry
		want    *fault.Error
	}{
		{"Empty", nil, nil},
		{"AllExist", []chain.Entry{target("1"), include("a")}, nil},
		{"DuplicateTargetIsAllowed", []chain.Entry{target("1"), target("1")}, nil},
		{"UnknownTarget", []chain.Entry{target("1"), target("9")}, &fault.Error{Code: fault.CodeNotFound, ID: "COMMAND-17e8fq1ggk"}},
		{"UnknownInclude", []chain.Entry{include("b")}, &fault.Error{Code: fault.CodeNotFound, ID: "COMMAND-slgj0l4cdz"}},
		{"NothingSet", []chain.Entry{{}}, &fault.Error{Code: fault.CodeInvalid}},
		{"BothSet", []chain.Entry{{Target: "1", Include: "a"}}, &fault.Error{Code: fault.CodeInvalid}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := chain.CheckEntries("targets", tt.entries,
				func(id chain.TargetID) bool { return id == "1" },
				func(id string) bool { return id == "a" })
			wantFault(t, err, tt.want)
		})
	}
}

// widest is the most that can be allowed.
var widest = chain.Limits{Entries: chain.MaxEntries, Hops: chain.MaxIncludeHops}

func TestCheckIncludesWithinNarrowerLimits(t *testing.T) {
	t.Parallel()
	stored := world{"b": {include("c")}, "c": {target("1")}, "d": {}}
	narrow := chain.Limits{Entries: 3, Hops: 1}
	for name, tt := range map[string]struct {
		root chain.Execution
		want *fault.Error
	}{
		"OneHop":                {world{"d": {include("c")}}.root("d"), nil},
		"TwoHops":               {world{"d": {include("b")}}.root("d"), &fault.Error{Code: fault.CodeFailedPrecondition, ID: "COMMAND-gbhd3g57oo"}},
		"AsMany":                {world{"d": {include("c"), target("1")}}.root("d"), nil},
		"OneMore":               {world{"d": {include("c"), include("c")}}.root("d"), &fault.Error{Code: fault.CodeFailedPrecondition}},
		"PlainListBelowAnother": {world{"c": {target("2"), target("1")}}.root("c"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantFault(t, chain.CheckIncludes(tt.root, narrow, stored.executions, stored.includers), tt.want)
		})
	}
}

func TestCheckLength(t *testing.T) {
	t.Parallel()
	limits := chain.Limits{Entries: 2}
	wantFault(t, chain.CheckLength("targets", repeat(target("1"), 2), limits), nil)
	wantFault(t, chain.CheckLength("targets", repeat(target("1"), 3), limits), &fault.Error{Code: fault.CodeInvalid})
}

func TestCheckIncludes(t *testing.T) {
	t.Parallel()
	refused := func(id string) *fault.Error { return &fault.Error{Code: fault.CodeFailedPrecondition, ID: id} }
	tests := []struct {
		name   string
		stored world
		root   chain.Execution
		want   *fault.Error
	}{
		{"OneHop", world{"b": {}}, world{"a": {include("b")}}.root("a"), nil},
		{"TwoHops", world{"b": {include("c")}, "c": {}}, world{"a": {include("b")}}.root("a"), nil},
		{"ThreeHopsDown", world{"b": {include("c")}, "c": {include("d")}, "d": {}},
			world{"a": {include("b")}}.root("a"), refused("COMMAND-gbhd3g57oo")},
		{"ThreeHopsUp", world{"a": {include("b")}, "b": {include("c")}, "c": {}, "d": {}},
			world{"c": {include("d")}}.root("c"), refused("COMMAND-gbhd3g57oo")},
		{"ThreeHopsUpAndDown", world{"a": {include("b")}, "b": {}, "c": {include("d")}, "d": {}},
			world{"b": {include("c")}}.root("b"), refused("COMMAND-gbhd3g57oo")},
		{"LongAndShortWay", world{"b": {include("c")}, "c": {}},
			world{"a": {include("c"), include("b")}}.root("a"), nil},
		{"IncludesItself", world{}, world{"a": {target("1"), include("a")}}.root("a"), refused("COMMAND-mo1cmjp5k7")},
		{"CircleOfTwo", world{"b": {include("a")}}, world{"a": {include("b")}}.root("a"), refused("COMMAND-iuch02i656")},
		{"CircleOfThree", world{"b": {include("c")}, "c": {include("a")}},
			world{"a": {include("b")}}.root("a"), refused("COMMAND-iuch02i656")},
		{"StoredCircleMayBeRepaired", world{"a": {include("a")}, "b": {}}, world{"a": {include("b")}}.root("a"), nil},
		{"StoredCircleElsewhereIsTooDeep", world{"b": {include("c")}, "c": {include("b")}},
			world{"a": {include("b")}}.root("a"), refused("COMMAND-gbhd3g57oo")},
		{"MissingIncludeIsNothing", world{}, world{"a": {include("gone")}}.root("a"), nil},
		{"AsManyEntriesAsAllowed", world{}, world{"a": repeat(target("1"), chain.MaxEntries)}.root("a"), nil},
		{"TooManyEntries", world{}, world{"a": repeat(target("1"), chain.MaxEntries+1)}.root("a"), refused("")},
		{"TooManyWithIncludes", world{"b": repeat(target("1"), 500)},
			world{"a": {include("b"), include("b")}}.root("a"), refused("")},
		{"TooManyForAnIncluder", world{"a": repeat(include("b"), 100), "b": {}},
			world{"b": repeat(target("1"), 10)}.root("b"), refused("")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wantFault(t, chain.CheckIncludes(tt.root, widest, tt.stored.executions, tt.stored.includers), tt.want)
		})
	}
}

// TestCheckIncludesAgreesWithModel sets executions in any order and wants each
// to be accepted exactly when the whole world stays sound.
func TestCheckIncludesAgreesWithModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stored := world{}
		for range rapid.IntRange(1, 20).Draw(t, "sets") {
			next := maps.Clone(stored)
			id := drawID().Draw(t, "id")
			next[id] = drawEntries().Draw(t, "entries")

			err := chain.CheckIncludes(next.root(id), widest, stored.executions, stored.includers)
			if sound := modelSound(next); sound != (err == nil) {
				t.Fatalf("%v: set %q to %v: %v, but sound is %v", stored, id, next[id], err, sound)
			}
			if err == nil {
				stored = next
			}
		}
	})
}

// modelSound walks every way through every execution: none may take more than
// the allowed hops, which a circle does too.
func modelSound(w world) bool {
	var walk func(id string, hops int) bool
	walk = func(id string, hops int) bool {
		for _, e := range w[id] {
			if e.Include != "" && (hops == chain.MaxIncludeHops || !walk(e.Include, hops+1)) {
				return false
			}
		}
		return true
	}
	for _, id := range slices.Sorted(maps.Keys(w)) {
		if !walk(id, 0) {
			return false
		}
	}
	return true
}

func wantFault(t *testing.T, err error, want *fault.Error) {
	t.Helper()
	if want == nil {
		if err != nil {
			t.Errorf("got %v, want no error", err)
		}
		return
	}
	if !errors.Is(err, want) {
		t.Errorf("got %v, want code %d id %q", err, want.Code, want.ID)
	}
	if got, ok := fault.As(err); ok && got.ID != want.ID {
		t.Errorf("got id %q, want %q", got.ID, want.ID)
	}
}

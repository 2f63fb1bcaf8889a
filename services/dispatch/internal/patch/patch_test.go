package patch

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"pgregory.net/rapid"
)

func TestPatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, before, after, want string }{
		{"AMember", `{"a":1,"b":2}`, `{"a":1,"b":3}`, `[{"op":"replace","path":"/b","value":3}]`},
		{"AddedAndRemoved", `{"a":1}`, `{"b":{"c": 2}}`, `[{"op":"remove","path":"/a"},{"op":"add","path":"/b","value":{"c":2}}]`},
		{"Deep", `{"a":{"b":{"c":1,"d":1}}}`, `{"a":{"b":{"c":2,"d":1}}}`, `[{"op":"replace","path":"/a/b/c","value":2}]`},
		{"ArraysGrow", `{"a":[1,2]}`, `{"a":[1,3,4]}`, `[{"op":"replace","path":"/a/1","value":3},{"op":"add","path":"/a/2","value":4}]`},
		{"ArraysShrink", `{"a":[1,2,3]}`, `{"a":[1]}`, `[{"op":"remove","path":"/a/2"},{"op":"remove","path":"/a/1"}]`},
		{"OddKeys", `{"a/b":1,"c~d":1,"":1}`, `{"a/b":2,"c~d":2,"":2}`, `[{"op":"replace","path":"/","value":2},{"op":"replace","path":"/a~1b","value":2},{"op":"replace","path":"/c~0d","value":2}]`},
		{"WhiteSpaceAlone", `{"a": 1}`, `{"a":1}`, `[]`},
		{"NumbersAsTheyAre", `{"a":1}`, `{"a":123456789012345678901.0}`, `[{"op":"replace","path":"/a","value":123456789012345678901.0}]`},
		{"FromNothing", ``, `{"a":1}`, `[{"op":"replace","path":"","value":{"a":1}}]`},
		{"ToNull", `{"a":1}`, `{"a":null}`, `[{"op":"replace","path":"/a","value":null}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			change := Of([]byte(c.before), []byte(c.after))
			if got := string(change.Patch()); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			text, err := json.Marshal(change)
			var read Change
			if err != nil || json.Unmarshal(text, &read) != nil || string(read.Patch()) != c.want {
				t.Errorf("in JSON %s, read %s, %v", text, read.Patch(), err)
			}
		})
	}
}

func TestPatch_IsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxText)
	if Of([]byte(`{}`), []byte(`{"a":"`+long+`"}`)) != nil {
		t.Error("a change of large texts is kept")
	}
	if Of([]byte(`{}`), []byte(`{}`)) != nil || (*Change)(nil).Patch() != nil {
		t.Error("no change has a patch")
	}
	many := `{"a":[` + strings.Repeat(`0,`, 4000) + `0]}`
	large := Of([]byte(many), []byte(strings.ReplaceAll(many, "0", "1")))
	if text, err := json.Marshal(large); err != nil || string(text) != "null" {
		t.Errorf("a patch larger than its texts: %d bytes, %v", len(text), err)
	}
	deep := strings.Repeat(`{"a":`, 2000) + "%d" + strings.Repeat("}", 2000)
	if got := Of(fmt.Appendf(nil, deep, 1), fmt.Appendf(nil, deep, 2)).Patch(); strings.Count(string(got), `/a`) != maxDepth {
		t.Errorf("got %.200s", got)
	}
	if Of([]byte(`{`), []byte(`{}`)).Patch() != nil {
		t.Error("a patch of what is no JSON")
	}
}

// TestPatch_AppliedByOthersMakesTheSame lets somebody else's library apply it.
func TestPatch_AppliedByOthersMakesTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before, after := object(t, 3), object(t, 3)
		text := Of([]byte(before), []byte(after)).Patch()
		if before == after {
			return
		}
		p, err := jsonpatch.DecodePatch(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got, err := p.Apply([]byte(before))
		if err != nil || !reflect.DeepEqual(decode[any](got), decode[any]([]byte(after))) {
			t.Fatalf("%s with %s is %s, want %s: %v", before, text, got, after, err)
		}
	})
}

func object(t *rapid.T, depth int) string {
	var parts []string
	for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c/d", "e~f", "0", "ä"}), 0, 4, rapid.ID[string]).Draw(t, "keys") {
		parts = append(parts, fmt.Sprintf("%q : %s", key, value(t, depth)))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func value(t *rapid.T, depth int) string {
	switch kind := rapid.IntRange(0, 6).Draw(t, "kind"); {
	case depth > 0 && kind == 0:
		return object(t, depth-1)
	case depth > 0 && kind == 1:
		var items []string
		for range rapid.IntRange(0, 4).Draw(t, "length") {
			items = append(items, value(t, depth-1))
		}
		return "[" + strings.Join(items, " , ") + "]"
	}
	return rapid.SampledFrom([]string{"null", "true", "0", "1.50", `"x"`, `""`, "1e3"}).Draw(t, "scalar")
}

func FuzzPatch(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":2}]}`), []byte(`{"a":[{"b":3}]}`))
	f.Add([]byte(``), []byte(`[]`))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		if text := Of(before, after).Patch(); text != nil && !json.Valid(text) {
			t.Errorf("from %s to %s: %s", before, after, text)
		}
	})
}

func BenchmarkPatch(b *testing.B) {
	before := []byte(`{"user":{"name":"alice","email":"a@x.test","roles":["a","b"]},"text":"` + strings.Repeat("x", 1000) + `"}`)
	after := []byte(strings.Replace(string(before), "alice", "bob", 1))
	b.ReportAllocs()
	for b.Loop() {
		if Of(before, after).Patch() == nil {
			b.Fatal("no patch")
		}
	}
}

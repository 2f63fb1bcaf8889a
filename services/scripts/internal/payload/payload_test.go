package payload

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dop251/goja"
)

const limit = 1 << 20

// through decodes input as v, runs script and encodes its value.
func through(t *testing.T, input, script string) string {
	t.Helper()
	out, err := tryThrough(input, script)
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return string(out)
}

func tryThrough(input, script string) (out []byte, err error) {
	vm := goja.New()
	d := New(vm)
	v, err := d.Decode([]byte(input))
	if err != nil {
		return nil, err
	}
	if err := vm.Set("v", v); err != nil {
		return nil, err
	}
	result, err := vm.RunString(script)
	if err != nil {
		return nil, err
	}
	if exception := vm.Try(func() { out, err = d.Encode(result, limit) }); exception != nil {
		return nil, exception
	}
	return out, err
}

func TestDocument(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, input, script, want string }{
		{"UntouchedIsCopied", ` { "a" : [ 1 , 2.50 ] } `, `v`, `{ "a" : [ 1 , 2.50 ] }`},
		{"ReadingChangesNothing", `{"a":2.50,"b":{"c":[1e2]}}`, `v.a; v.b; v`, `{"a":2.50,"b":{"c":[1e2]}}`},
		{"AssignedMembersChange", `{"a":1,"b":{"c":1,"d":12345678901234567890}}`, `v.a = "x"; v.b.c++; v`, `{"a":"x","b":{"c":2,"d":12345678901234567890}}`},
		{"NewMembersComeLast", `{"a":1}`, `v.z = {y: []}; v`, `{"a":1,"z":{"y":[]}}`},
		{"DeletedMembersGo", `{"a":1,"b":2}`, `delete v.a; delete v.none; v`, `{"b":2}`},
		{"ManyMembersAreFound", many(30), `v.k29 = 0; delete v.k3; [v.k0, v.k3 === undefined, v.k28, v.k29, Object.keys(v).length]`, `[0,true,28,0,29]`},
		{"RepeatedKeyLastWins", `{"a":1,"b":2,"a":3}`, `v.a; v`, `{"a":3,"b":2}`},
		{"EscapedKeysAndTexts", `{"\u0061\n":"\ud83d\ude00\"é"}`, `v["a\n"] += "!"; v`, `{"a\n":"😀\"é!"}`},
		{"ProtoIsAKeyLikeAnyOther", `{"__proto__":{"x":1}}`, `[v.x === undefined, Object.keys(v), v instanceof Object]`, `[true,["__proto__"],true]`},
		{"ObjectsAreSpreadAndListed", `{"a":{"b":1,"c":2}}`, `const {b, ...rest} = v.a; ({...v, rest, e: Object.entries(v.a)})`, `{"a":{"b":1,"c":2},"rest":{"c":2},"e":[["b",1],["c",2]]}`},
		{"ArraysAreArrays", `{"a":[3,1,2]}`, `v.a.sort().push(9); [Array.isArray(v.a), v.a.map(x => x * 2), v]`, `[true,[2,4,6,18],{"a":[1,2,3,9]}]`},
		{"StringifyInTheVMSeesTheSame", `{"a":[{"b":null}],"c":"é"}`, `JSON.parse(JSON.stringify(v))`, `{"a":[{"b":null}],"c":"é"}`},
		{"LargeIntegersSurviveBeingMoved", `{"id":9007199254740993,"l":[-9223372036854775808]}`, `({a: v.id, b: v.l.concat(v.id)})`, `{"a":9007199254740993,"b":[-9223372036854775808,9007199254740993]}`},
		{"LargeIntegersThatLookAlikeAreRounded", `[9007199254740993,9007199254740992]`, `v.slice()`, `[9007199254740992,9007199254740992]`},
		{"NumbersAreJavaScripts", `0`, `[1e21, 0.1, -0, NaN, 1/0, 5e-324]`, `[1e+21,0.1,0,null,null,5e-324]`},
		{"WhatHasNoJSON", `0`, `({f() {}, u: undefined, s: Symbol(), a: [undefined, () => 1]})`, `{"a":[null,null]}`},
		{"OtherKindsAreTheVMs", `0`, `[new Date(0), new Map([[1, 2]]), Object(1n - 1n ? 1 : 2), new String("s"), new Proxy({p: 1}, {}), /x/, new Uint8Array(2)]`, `["1970-01-01T00:00:00.000Z",{},2,"s",{"p":1},{},{"0":0,"1":0}]`},
		{"ToJSONIsHonoured", `{"a":1}`, `v.toJSON = () => ({was: v.a}); ({v, w: {toJSON(k) { return k }}})`, `{"v":{"was":1},"w":"w"}`},
		{"ClassesAreObjects", `0`, `new (class A { x = 1; get y() { return 2 } })`, `{"x":1}`},
		{"TextsAreEscaped", `0`, `"\u0000\u001f\"\\\n\r\t</é"`, "\"\\u0000\\u001f\\\"\\\\\\n\\r\\t</é\""},
		{"UndefinedHasNoJSON", `0`, `undefined`, ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := through(t, test.input, test.script); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func many(n int) string {
	object := make(map[string]int, n)
	for i := range n {
		object["k"+string(json.Number(bytes.TrimSpace(mustJSON(i))))] = i
	}
	return string(mustJSON(object))
}

func mustJSON(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		script string
		is     func(error) bool
	}{
		"circles":      {`const a = []; a[0] = {a}; a`, says("circular")},
		"bigints":      {`({n: 1n})`, says("BigInt")},
		"getters":      {`({get x() { throw new Error("mine") }})`, says("mine")},
		"large output": {`"x".repeat(2 ** 21)`, isTooLarge},
		"sparse array": {`const a = []; a[2 ** 32 - 2] = 1; a`, isTooLarge},
		"depth":        {`let a = {}; for (let i = 0; i < 2000; i++) a = {a}; a`, says("deep")},
		"false JSON":   {`JSON.stringify = () => "{"; /x/`, says("JSON")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if out, err := tryThrough("0", test.script); err == nil || !test.is(err) {
				t.Errorf("got %.100s, %v", out, err)
			}
		})
	}
}

func isTooLarge(err error) bool {
	var tooLarge *TooLargeError
	return errors.As(err, &tooLarge)
}

func says(text string) func(error) bool {
	return func(err error) bool { return strings.Contains(err.Error(), text) }
}

func TestKeys(t *testing.T) {
	t.Parallel()
	raw := []byte(` {"v1":{"claims":{"sub":"1","a\u0062":2}},"x":1}`)
	if got := Keys(raw, "v1", "claims"); !slices.Equal(got, []string{"sub", "ab"}) {
		t.Errorf("keys are %v", got)
	}
	for _, path := range [][]string{{"v1", "none"}, {"x"}, {"x", "y"}} {
		if got := Keys(raw, path...); len(got) != 0 {
			t.Errorf("%v leads to %v", path, got)
		}
	}
}

// FuzzDecode holds the scanner against encoding/json: what it takes is JSON,
// and the values that a script sees are the ones JSON.parse would give.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0.5e+3,true,null],"b":{"c":"\u00e9\n"}}`, `[]`, `"x"`, `-`, `01`, `{"a":1,}`, `[1 2]`, `{"a" 1}`, "\"\x01\"", `1.`, ` 1 `, `tru`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		vm := goja.New()
		d := New(vm)
		v, err := d.Decode(raw)
		if len(raw) == 0 {
			return
		}
		if errors.Is(err, errDepth) {
			return
		}
		if (err == nil) != json.Valid(raw) {
			t.Fatalf("%q: %v, but valid is %v", raw, err, json.Valid(raw))
		}
		if err != nil {
			return
		}
		touch(v, 0)
		out, err := d.Encode(v, 1<<24)
		if err != nil || !json.Valid(out) {
			t.Fatalf("%q is printed %q, %v", raw, out, err)
		}
	})
}

// touch reads everything there is.
func touch(v goja.Value, depth int) {
	o, ok := v.(*goja.Object)
	if !ok || depth > 50 {
		return
	}
	for _, key := range o.Keys() {
		touch(o.Get(key), depth+1)
	}
}

package worker

import (
	"slices"
	"testing"
	"time"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// Hostile scripts: each fails alone, the next invocation works, and there are
// as many workers as before.
func TestAttack(t *testing.T) {
	t.Parallel()
	const seconds = 10 * time.Second
	for _, attack := range []struct {
		name    string
		source  string
		timeout time.Duration
		kinds   []invocation.Kind // one of them; none for success
	}{
		{"InfiniteLoop", `function run() { for (;;); }`, 50 * time.Millisecond, []invocation.Kind{invocation.KindTimeout}},
		{"InfiniteLoopAtTopLevel", `for (;;);`, 50 * time.Millisecond, []invocation.Kind{invocation.KindTimeout}},
		{"LoopInCatchAndFinally", `function run() { for (;;) { try { for (;;); } catch (e) {} finally { continue } } }`, 50 * time.Millisecond, []invocation.Kind{invocation.KindTimeout}},
		{"LoopInToString", `function run() { throw { toString() { for (;;); } } }`, 50 * time.Millisecond, []invocation.Kind{invocation.KindTimeout}},
		{"LoopInGetterOfResult", `function run() { return { get a() { for (;;); } } }`, 50 * time.Millisecond, []invocation.Kind{invocation.KindTimeout}},
		{"MicrotaskFlood", `function run() { const f = () => Promise.resolve().then(f); f(); return {} }`, 50 * time.Millisecond, []invocation.Kind{invocation.KindTimeout}},
		{"BacktrackingRegexp", `function run() { return { m: /^(a+)+\1$/.test("a".repeat(40) + "b") } }`, 50 * time.Millisecond, []invocation.Kind{invocation.KindTimeout}},
		{"StringRepeat", `function run() { return { n: "x".repeat(2 ** 33).length } }`, seconds, []invocation.Kind{invocation.KindMemory}},
		{"StringRepeatBeyondAddressSpace", `function run() { return { n: "x".repeat(2 ** 52).length } }`, seconds, []invocation.Kind{invocation.KindMemory, invocation.KindCrash}},
		{"StringDoubling", `function run() { let s = "xy"; for (;;) s += s; }`, seconds, []invocation.Kind{invocation.KindMemory}},
		{"ArrayBomb", `function run() { const a = []; for (;;) a.push(new Array(1000).fill(1)); }`, seconds, []invocation.Kind{invocation.KindMemory}},
		{"SparseArray", `function run() { const a = []; a[2 ** 32 - 2] = 1; return { a } }`, seconds, []invocation.Kind{invocation.KindOutput, invocation.KindMemory}},
		{"MapBomb", `function run() { const m = new Map(); for (let i = 0; ; i++) m.set(i, "v" + i); }`, seconds, []invocation.Kind{invocation.KindMemory}},
		{"MemoryAtTopLevel", `const a = []; for (;;) a.push({}, [], "x" + a.length)`, seconds, []invocation.Kind{invocation.KindMemory}},
		{"TypedArray", `function run() { return { n: new Uint8Array(2 ** 31 - 1).length } }`, seconds, []invocation.Kind{invocation.KindMemory, invocation.KindThrown}},
		{"LogFlood", `function run() { for (let i = 0; i < 1e5; i++) console.log("x".repeat(100)); }`, seconds, nil},
		{"DeepRecursion", `function run() { return run() }`, seconds, []invocation.Kind{invocation.KindStack}},
		{"DeepRecursionThroughNativeCalls", `function run() { return [1].map(run) }`, seconds, []invocation.Kind{invocation.KindStack}},
		{"DeeplyNestedArrayToText", `function run() { let a = []; for (let i = 0; i < 3e5; i++) a = [a]; return { s: String(a) } }`, seconds, []invocation.Kind{invocation.KindStack, invocation.KindMemory}},
		{"DeeplyNestedSource", "function run() { return " + repeat("(", 200_000) + "1" + repeat(")", 200_000) + " }", seconds, []invocation.Kind{invocation.KindStack, invocation.KindMemory, invocation.KindSyntax}},
		{"SourceMapFromDisk", "function run() { return {} }\n//# sourceMappingURL=/etc/hostname", seconds, nil},
		{"RequirePath", `function run() { require("/etc/hostname") }`, seconds, []invocation.Kind{invocation.KindThrown}},
		{"PrivateAddress", `function run() { require("zitadel/http").fetch("http://169.254.169.254/latest") }`, seconds, []invocation.Kind{invocation.KindThrown}},
	} {
		t.Run(attack.name, func(t *testing.T) {
			t.Parallel()
			pool := startPool(t, testConfig(t, 2))
			req := request(attack.source)
			req.Timeout, req.AllowHTTP = attack.timeout, true
			res := invoke(t, pool, req)
			switch {
			case attack.kinds == nil:
				if res.Error != nil {
					t.Errorf("failed: %v", res.Error)
				}
			case res.Error == nil || !slices.Contains(attack.kinds, res.Error.Kind):
				t.Errorf("result is %s, %+v; want an error of %v", res.Output, res.Error, attack.kinds)
			}
			t.Logf("%v, %+v", res.Duration, res.Error)
			assertHealthy(t, pool)
			awaitReady(t, pool)
			assertHealthy(t, pool)
		})
	}
}

func repeat(s string, n int) string {
	var out []byte
	for range n {
		out = append(out, s...)
	}
	return string(out)
}

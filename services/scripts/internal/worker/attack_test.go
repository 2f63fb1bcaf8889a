package worker

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// attack is a hostile script: what it may come to at worst.
type attack struct {
	name    string
	source  string
	timeout time.Duration
	kinds   []invocation.Kind // one of them; none for success
	output  string            // of a success, when it matters
}

const (
	soon = 50 * time.Millisecond // for what only time ends
	late = 5 * time.Second       // for what ends by itself
)

// kinds makes a list.
func kinds(k ...invocation.Kind) []invocation.Kind { return k }

const (
	fine    = invocation.Kind(0)
	timeout = invocation.KindTimeout
	memory  = invocation.KindMemory
	stack   = invocation.KindStack
	thrown  = invocation.KindThrown
	output  = invocation.KindOutput
	syntax  = invocation.KindSyntax
	crash   = invocation.KindCrash
)

// Time.
var endless = []attack{
	{"InfiniteLoop", `function run() { for (;;); }`, soon, kinds(timeout), ""},
	{"InfiniteLoopAtTopLevel", `for (;;);`, soon, kinds(timeout), ""},
	{"LoopInCatchAndFinally", `function run() { for (;;) { try { for (;;); } catch (e) {} finally { continue } } }`, soon, kinds(timeout), ""},
	{"LoopInToString", `function run() { throw { toString() { for (;;); } } }`, soon, kinds(timeout), ""},
	{"LoopInGetterOfResult", `function run() { return { get a() { for (;;); } } }`, soon, kinds(timeout), ""},
	{"LoopInProxyTraps", `function run() { return new Proxy({}, { ownKeys() { for (;;); }, get() { for (;;); } }) }`, soon, kinds(timeout), ""},
	{"LoopInToJSON", `function run() { return { toJSON() { for (;;); } } }`, soon, kinds(timeout), ""},
	{"LoopInComparator", `function run() { [3, 1, 2].sort(() => { for (;;); }) }`, soon, kinds(timeout), ""},
	{"LoopInGlobalGetter", `Object.defineProperty(globalThis, "run", { get() { for (;;); } })`, soon, kinds(timeout), ""},
	{"LoopInThen", `function run() { return { then(f) { for (;;); } } }`, soon, nil, `{}`},
	{"LoopInAwaitedThen", `async function run() { await { then(f) { for (;;); } } }`, soon, kinds(timeout), ""},
	{"LoopInAsyncGenerator", `async function run() { async function* g() { for (;;) yield 1 } for await (const x of g()); }`, soon, kinds(timeout), ""},
	{"LoopInGenerator", `function run() { function* g() { for (;;) yield 1 } [...g()] }`, late / 2, kinds(memory), ""},
	{"LoopInIterator", `function run() { for (const x of { [Symbol.iterator]: () => ({ next: () => ({ done: false }) }) }); }`, soon, kinds(timeout), ""},
	{"LoopInLogArgument", `function run() { console.log({ toString() { for (;;); } }) }`, soon, kinds(timeout), ""},
	{"LoopInHeaderName", `function run() { require("zitadel/http").fetch("http://x", { headers: { get a() { for (;;); } } }) }`, soon, kinds(timeout), ""},
	{"LoopInTimer", `function run() { setTimeout(() => { for (;;); }) }`, soon, kinds(timeout), ""},
	{"LoopInEval", `function run() { eval("for (;;);") }`, soon, kinds(timeout), ""},
	{"LoopInFunctionConstructor", `function run() { new Function("for (;;);")() }`, soon, kinds(timeout), ""},
	{"MicrotaskFlood", `function run() { const f = () => Promise.resolve().then(f); f(); return {} }`, soon, kinds(timeout), ""},
	{"MicrotaskStarvation", `async function run() { setTimeout(() => {}, 1); for (;;) await null; }`, soon, kinds(timeout), ""},
	{"IntervalsForEver", `function run() { setInterval(() => {}, 0) }`, soon, kinds(timeout), ""},
	{"TimersThatBreed", `function run() { const f = () => { setTimeout(f); setTimeout(f) }; f() }`, late, kinds(thrown), ""},
	{"PromiseThatWaits", `function run() { return new Promise(r => setTimeout(r, 1e9)) }`, soon, kinds(timeout), ""},
	{"BacktrackingRegexp", `function run() { return { m: /^(a+)+\1$/.test("a".repeat(40) + "b") } }`, soon, kinds(timeout), ""},
	{"BacktrackingReplace", `function run() { "a".repeat(40).replace(/(?=(a+)+\1b)/g, "") }`, soon, kinds(timeout), ""},
	{"HugeBigInt", `function run() { let n = 3n; for (;;) n *= n }`, soon, kinds(timeout, memory, thrown), ""},
	{"SortOfManyByComparator", `function run() { for (;;) Array.from({length: 1e4}, (_, i) => i).sort(() => Math.random() - 0.5) }`, soon, kinds(timeout), ""},
	{"StringifyDeep", `function run() { let a = {}; for (let i = 0; i < 1e5; i++) a = {a}; return a }`, late, kinds(output, thrown, memory, stack), ""},
}

// Memory and stack.
var greedy = []attack{
	{"StringRepeat", `function run() { return { n: "x".repeat(2 ** 33).length } }`, late, kinds(memory, thrown), ""},
	{"StringRepeatBeyondAddressSpace", `function run() { return { n: "x".repeat(2 ** 52).length } }`, late, kinds(memory, crash, thrown), ""},
	{"StringPad", `function run() { return { n: "x".padEnd(2 ** 33).length } }`, late, kinds(memory, crash, thrown), ""},
	{"StringJoin", `function run() { return { n: new Array(2 ** 27).join("xxxxxxxxxxxxxxxx").length } }`, late, kinds(memory, crash, thrown), ""},
	{"StringDoubling", `function run() { let s = "xy"; for (;;) s += s; }`, late, kinds(memory, thrown), ""},
	{"StringConcat", `function run() { let s = "xy"; for (;;) s = s.concat(s, s, s); }`, late, kinds(memory, thrown), ""},
	{"StringReplace", `function run() { let s = "xxxxxxxx"; for (;;) s = s.replace(/x/g, "xxxxxxxx"); }`, late / 2, kinds(memory, thrown, timeout), ""},
	{"ArrayBomb", `function run() { const a = []; for (;;) a.push(new Array(1000).fill(1)); }`, late, kinds(memory), ""},
	{"ArrayFill", `function run() { new Array(1e9).fill(1) }`, late, kinds(memory, thrown, timeout), ""},
	{"ArraySpread", `function run() { let a = [1]; for (;;) a = [...a, ...a] }`, late / 2, kinds(memory), ""},
	{"SparseArray", `function run() { const a = []; a[2 ** 32 - 2] = 1; return { a } }`, late, kinds(output, memory), ""},
	{"MapBomb", `function run() { const m = new Map(); for (let i = 0; ; i++) m.set(i, "v" + i); }`, late / 2, kinds(memory), ""},
	{"MemoryAtTopLevel", `const a = []; for (;;) a.push({}, [], "x" + a.length)`, late, kinds(memory), ""},
	{"TypedArray", `function run() { return { n: new Uint8Array(2 ** 31 - 1).length } }`, late, kinds(memory, thrown), ""},
	{"ArrayBufferOfFourGigabytes", `function run() { new ArrayBuffer(4e9) }`, late, kinds(memory, thrown, crash), ""},
	{"ManyArrayBuffers", `function run() { const a = []; for (;;) a.push(new ArrayBuffer(1 << 20)) }`, late, kinds(memory), ""},
	{"PromiseFlood", `function run() { const a = []; for (;;) a.push(new Promise(() => {})) }`, late / 2, kinds(memory), ""},
	{"RejectionFlood", `function run() { const a = []; for (;;) a.push(Promise.reject(1)) }`, late / 2, kinds(memory), ""},
	{"TimerFlood", `function run() { for (;;) setTimeout(() => {}, 1000) }`, late, kinds(thrown), ""},
	{"ClosureChain", `function run() { let f = () => 1; for (;;) { const g = f; f = () => g } }`, late, kinds(memory), ""},
	{"SymbolFlood", `function run() { const o = {}; for (let i = 0; ; i++) o[Symbol(i)] = i }`, late / 2, kinds(memory), ""},
	{"CloneBomb", `function run() { let a = []; for (let i = 0; i < 30; i++) a = [a, a, a, a].map(x => structuredClone(x)) }`, late / 5, kinds(memory, timeout), ""},
	{"EncoderBomb", `function run() { const a = []; for (;;) a.push(new TextEncoder().encode("x".repeat(1 << 16))) }`, late, kinds(memory), ""},
	{"DeepRecursion", `function run() { return run() }`, late, kinds(stack), ""},
	{"RecursionOfTwo", `function run() { return other() } function other() { return run() }`, late, kinds(stack), ""},
	{"RecursionThroughNativeCalls", `function run() { return [1].map(run) }`, late, kinds(stack), ""},
	{"RecursionThroughGetters", `function run() { const o = { get a() { return o.a } }; return o.a }`, late, kinds(stack), ""},
	{"RecursionThroughToString", `function run() { const o = { toString() { return "" + o } }; return { s: "" + o } }`, late, kinds(stack), ""},
	{"RecursionThroughProxy", `function run() { const p = new Proxy({}, { get: () => p.x }); return p.x }`, late, kinds(stack), ""},
	{"RecursionOfProxies", `function run() { let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.x }`, late, kinds(fine, stack, memory, thrown), ""},
	{"RecursionInToJSON", `function run() { const o = { toJSON() { return JSON.stringify(o) } }; return o }`, late, kinds(stack), ""},
	{"RecursionOfBind", `function run() { let f = () => 1; for (let i = 0; i < 1e5; i++) f = f.bind(null); f() }`, late, kinds(fine, stack, memory, thrown), ""},
	{"DeeplyNestedArrayToText", `function run() { let a = []; for (let i = 0; i < 3e5; i++) a = [a]; return { s: String(a) } }`, late, kinds(stack, memory), ""},
	{"DeeplyNestedJSON", `function run() { JSON.parse("[".repeat(1e6)) }`, late, kinds(stack, memory, thrown), ""},
	{"DeeplyNestedFlat", `function run() { let a = []; for (let i = 0; i < 3e5; i++) a = [a]; a.flat(Infinity) }`, late, kinds(stack, memory), ""},
	{"DeeplyNestedRegexp", `function run() { new RegExp("(".repeat(1e5) + ")".repeat(1e5)) }`, late, kinds(stack, memory, thrown, crash), ""},
	{"DeeplyNestedEval", `function run() { eval("(".repeat(2e5) + "1" + ")".repeat(2e5)) }`, late, kinds(stack, memory, thrown), ""},
	{"DeeplyNestedSource", "function run() { return " + strings.Repeat("(", 200_000) + "1" + strings.Repeat(")", 200_000) + " }", late, kinds(stack, memory, syntax), ""},
	{"DeeplyNestedTypes", "const x: " + strings.Repeat("[", 200_000) + "1" + strings.Repeat("]", 200_000) + " = 1", late, kinds(stack, memory, syntax), ""},
	{"DeeplyNestedBlocks", strings.Repeat("{", 200_000) + strings.Repeat("}", 200_000), late, kinds(stack, memory, syntax, invocation.KindNotFound), ""},
	{"HugeSource", "function run() {} //" + strings.Repeat("x", 2<<20), late, kinds(syntax), ""},
	{"ManyFunctionsInTheSource", strings.Repeat("var a=()=>1;", 80_000) + "function run() { return {} }", late, kinds(memory, stack, syntax), ""},
	{"HugeOutput", `function run() { return { a: "x".repeat(2 ** 24) } }`, late, kinds(output), ""},
	{"HugeError", `function run() { throw new Error("x".repeat(2 ** 22)) }`, late, kinds(thrown), ""},
	{"LogFlood", `function run() { for (let i = 0; i < 1e5; i++) console.log("x".repeat(100)); }`, late, nil, ""},
	{"HugeLogLine", `function run() { console.log("x".repeat(2 ** 23)) }`, late, nil, ""},
	{"ChangeFlood", `function run(ctx, api) { for (;;) api.setPayload({ a: "x".repeat(1e6) }) }`, soon, kinds(timeout), ""},
	{"KeyFlood", `async function run() { for (;;) await crypto.subtle.importKey("raw", new Uint8Array(9), { name: "HMAC", hash: "SHA-1" }, false, []) }`, late, kinds(thrown), ""},
	{"UUIDFlood", `function run() { for (;;) require("zitadel/uuid").v4() }`, soon, kinds(timeout), ""},
}

// Results and ways out.
var sly = []attack{
	{"ResultThrows", `function run() { return { get a() { throw new Error("mine") } } }`, late, kinds(thrown), ""},
	{"ResultIsAProxy", `function run() { return new Proxy({ a: 1 }, {}) }`, late, nil, `{"a":1}`},
	{"ResultIsARevokedProxy", `function run() { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy }`, late, kinds(thrown), ""},
	{"ResultIsACycle", `function run() { const a = {}; a.a = a; return a }`, late, kinds(thrown), ""},
	{"ResultIsABigInt", `function run() { return { n: 1n } }`, late, kinds(thrown), ""},
	{"ResultHasSymbols", `function run() { return { [Symbol("a")]: 1, s: Symbol("b"), f() {}, u: undefined } }`, late, nil, `{}`},
	{"ThrowsNothing", `function run() { throw undefined }`, late, kinds(thrown), ""},
	{"ThrowsAProxy", `function run() { throw new Proxy({}, { get() { throw 1 } }) }`, late, kinds(thrown), ""},
	{"ThrowsASymbol", `function run() { throw Symbol("x") }`, late, kinds(thrown), ""},
	{"ErrorWithAFalseStack", `async function run() { const e = new Error("x"); Object.defineProperty(e, "stack", { get() { for (;;); } }); throw e }`, soon, kinds(timeout, thrown), ""},
	{"RequirePath", `function run() { require("/etc/hostname") }`, late, kinds(thrown), ""},
	{"RequireEveryPath", `function run() { let n = 0; for (const p of ["/etc/passwd", "./x.js", "../x", "fs", "os", "process", "child_process", "node:fs", "file:///etc/passwd", "zitadel/../fs", "", "__proto__", "constructor"]) try { require(p) } catch { n++ }; return { n } }`, late, nil, `{"n":13}`},
	{"NothingOfAHost", `function run() { return { all: [typeof process, typeof module, typeof exports, typeof Deno, typeof Bun, typeof Buffer, typeof global, typeof WebAssembly, typeof importScripts] } }`, late, nil, `{"all":["undefined","undefined","undefined","undefined","undefined","undefined","undefined","undefined","undefined"]}`},
	{"ConstructorsAreTheVMs", `function run(ctx, api) { return { all: [require, console.log, api.deny, fetch, crypto.subtle.digest].map(f => f.constructor("return typeof process + this.constructor.name")()) } }`, late, nil, ``},
	{"ContextHasNoGo", `function run(ctx, api) { return { k: Reflect.ownKeys(ctx), p: Object.getPrototypeOf(ctx) === Object.prototype, a: Reflect.ownKeys(api), c: ctx.constructor === Object, s: String(ctx), v: ctx.valueOf() === ctx } }`, late, nil, `{"k":["request"],"p":true,"a":["setPayload","deny"],"c":true,"s":"[object Object]","v":true}`},
	{"GoErrorsHoldNothing", `function run() { try { require("fs") } catch (e) { return { k: Reflect.ownKeys(e).filter(k => k !== "stack"), v: typeof e.value, go: e.stack.includes(".go") || e.stack.includes("hostapi") } } }`, late, nil, `{"k":["message"],"v":"undefined","go":false}`},
	{"SourceMapFromDisk", "function run() { return {} }\n//# sourceMappingURL=/etc/hostname", late, nil, ""},
	{"SourceMapInEval", "function run() { return { n: eval(\"1\\n//# sourceMappingURL=/etc/hostname\") } }", late, nil, `{"n":1}`},
	{"SourceMapOfAModule", "export function run() { return {} }\n//# sourceMappingURL=/etc/hostname", late, nil, ""},
	{"TimeZoneIsUTC", `function run() { return { z: new Date(2020, 0, 1).getTimezoneOffset() } }`, late, nil, `{"z":0}`},
	{"AwaitOfNothing", `function run() { return new Promise(() => {}) }`, late, kinds(invocation.KindPending), ""},
}

// egress has the addresses that must not be reached, by both ways out.
func egressAttacks() []attack {
	var list []attack
	for _, address := range []string{"127.0.0.1", "localhost", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "2130706433", "0x7f.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "[fd00::1]", "[fe80::1]", "100.64.0.1"} {
		list = append(list,
			attack{"Blocking " + address, `function run() { require("zitadel/http").fetch("http://` + address + `:80/") }`, late, kinds(thrown), ""},
			attack{"Fetch " + address, `async function run() { await fetch("http://` + address + `:80/") }`, late, kinds(thrown), ""})
	}
	for _, url := range []string{"file:///etc/passwd", "gopher://127.0.0.1", "ftp://127.0.0.1/", "data:text/plain,x", "http://", "unix:///var/run/x"} {
		list = append(list, attack{"Scheme " + url, `async function run() { await fetch("` + url + `") }`, late, kinds(thrown), ""})
	}
	return list
}

// Hostile scripts: each fails alone, a neighbour's invocations succeed
// meanwhile, the next invocation works, and there are as many workers as
// before.
func TestAttack(t *testing.T) {
	t.Parallel()
	for name, list := range map[string][]attack{"Time": endless, "Memory": greedy, "Results": sly, "Egress": egressAttacks()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := startPool(t, testConfig(t, 2))
			for _, a := range list {
				strike(t, pool, a)
				assertHealthy(t, pool)
				awaitReady(t, pool)
			}
		})
	}
}

// strike runs an attack beside a neighbour, and looks at what became of both.
func strike(t *testing.T, pool *Pool, a attack) {
	t.Helper()
	began := time.Now()
	defer func() { t.Logf("%s: %v", a.name, time.Since(began)) }()
	over := make(chan invocation.Result, 1)
	go func() {
		req := request(a.source)
		req.Tenant, req.Timeout, req.AllowHTTP = "attacker", a.timeout, true
		res, err := pool.Invoke(context.Background(), req)
		if err != nil {
			t.Errorf("%s: %v", a.name, err)
		}
		over <- res
	}()
	for {
		assertHealthy(t, pool) // the neighbour: some tenant else
		select {
		case res := <-over:
			judge(t, a, res)
			return
		default:
		}
	}
}

func judge(t *testing.T, a attack, res invocation.Result) {
	t.Helper()
	if slices.Contains(a.kinds, memory) && kindOf(res.Error) == timeout {
		return // on a slow machine time ends before memory does
	}
	switch {
	case a.kinds == nil && res.Error != nil:
		t.Errorf("%s failed: %v", a.name, res.Error)
	case a.kinds != nil && !slices.Contains(a.kinds, kindOf(res.Error)):
		t.Errorf("%s: result is %.200s, %v (%v); want an error of %v", a.name, res.Output, res.Error, kindOf(res.Error), a.kinds)
	case a.output != "" && string(res.Output) != a.output:
		t.Errorf("%s: output is %s, want %s", a.name, res.Output, a.output)
	}
	if res.Error != nil && (res.Error.Message == "" || len(res.Error.Message) > 3000) {
		t.Errorf("%s: the text of its error has %d bytes", a.name, len(res.Error.Message))
	}
	size := 0
	for _, line := range res.Logs {
		size += len(line.Message)
	}
	if len(res.Logs) > 200 || size > 64<<10 {
		t.Errorf("%s: %d lines of %d bytes are kept", a.name, len(res.Logs), size)
	}
}

func kindOf(e *invocation.Error) invocation.Kind {
	if e == nil {
		return 0
	}
	return e.Kind
}

// What a server can do to a script that calls it.
func TestAttackByResponse(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.CopyN(z, zeros{}, 1<<30)
		case "/endless":
			_, _ = io.CopyN(w, zeros{}, 1<<34)
		case "/drip":
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "x")
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(5 * time.Millisecond):
				}
			}
		case "/headers":
			for i := range 100 {
				w.Header().Add("X-Many", strings.Repeat("x", 2000)+string(rune('a'+i%26)))
			}
		case "/private":
			http.Redirect(w, r, "http://169.254.169.254/latest/", http.StatusFound)
		case "/circle":
			http.Redirect(w, r, "/circle", http.StatusFound)
		case "/deep":
			_, _ = io.WriteString(w, strings.Repeat("[", 500_000))
		}
	}))
	t.Cleanup(server.Close)
	pool := startPool(t, openConfig(t, 2))
	for _, path := range []string{"/gzip", "/endless", "/drip", "/headers", "/private", "/circle", "/deep"} {
		limit, want := late, kinds(thrown)
		if path == "/drip" {
			limit, want = soon, kinds(timeout)
		}
		strike(t, pool, attack{"Blocking" + path, `function run() { return require("zitadel/http").fetch("` + server.URL + path + `").json() }`, limit, want, ""})
		strike(t, pool, attack{"Fetch" + path, `async function run() { return (await fetch("` + server.URL + path + `")).json() }`, limit, append(want, stack, memory), ""})
	}
	strike(t, pool, attack{"CallFlood", `async function run() { const a = []; for (let i = 0; i < 1000; i++) a.push(fetch("` + server.URL + `")); await Promise.all(a) }`, late, kinds(thrown), ""})
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// Scripts of strangers live in testdata/hostile, one attack per file: whatever
// they come to, the pool must survive it.
func TestAttackOfStrangers(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/hostile/*.js")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("there are none")
	}
	pool := startPool(t, testConfig(t, 2))
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		req := request(string(source))
		req.Tenant, req.Timeout, req.AllowHTTP = "attacker", 500*time.Millisecond, true
		res := invoke(t, pool, req)
		if strings.Contains(string(res.Output), "ESCAPED") {
			t.Errorf("%s got out: %s", file, res.Output)
		}
		awaitReady(t, pool)
		assertHealthy(t, pool)
	}
}

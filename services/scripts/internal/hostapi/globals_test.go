package hostapi

import (
	"strings"
	"testing"
)

// What browsers have, as JSON of an expression or the text of what it throws.
func TestGlobals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ script, want string }{
		{`[typeof fetch, typeof setTimeout, typeof URL, typeof nothing, "fetch" in globalThis, Object.keys(globalThis).length]`, `["function","function","function","undefined",true,0]`},
		{`function fetch() { return "mine" }; const URL = "u"; [fetch(), URL, typeof Headers]`, `["mine","u","function"]`},
		{`console = null; atob = 1; [console, atob, globalThis.atob]`, `[null,1,1]`},
		{`delete globalThis.require; typeof require`, `"function"`},

		{`const u = new URL("../b?x=1&y=%20#h", "https://me:pw@Example.org:8443/a/c"); [u.href, u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash, u.searchParams.get("y"), JSON.stringify({u})]`, `["https://me:pw@example.org:8443/b?x=1\u0026y=%20#h","https://example.org:8443","https:","me","pw","example.org:8443","example.org","8443","/b","?x=1\u0026y=%20","#h"," ","{\"u\":\"https://me:pw@example.org:8443/b?x=1\u0026y=%20#h\"}"]`},
		{`const u = new URL("http://h/p"); u.searchParams.append("a", "b c"); u.hash = "x"; u.port = "81"; u.pathname = "q?r"; u.protocol = "https"; u.hostname = "o.org"; [u.href, u.search]`, `["https://o.org:81/q%3Fr?a=b+c#x","?a=b+c"]`},
		{`const u = new URL("http://h/?a=1"), p = u.searchParams; u.search = "?b=2"; [p.get("a"), p.get("b"), p.size]`, `[null,"2",1]`},
		{`[URL.canParse("x"), URL.parse("x"), URL.parse("http://x").href, new URL("mailto:a").origin]`, `[false,null,"http://x/","null"]`},
		{`new URL("nope")`, `TypeError: Invalid URL: nope`},
		{`const p = new URLSearchParams([["a", 1], ["b", "2"]]); p.append("a", "3"); p.set("c", "ä"); p.delete("b"); p.sort(); [p.toString(), [...p], p.getAll("a"), p.has("b"), new URLSearchParams({x: "y z"}).toString(), new URLSearchParams("?q=%2B+").get("q")]`, `["a=1\u0026a=3\u0026c=%C3%A4",[["a","1"],["a","3"],["c","ä"]],["1","3"],false,"x=y+z","+ "]`},

		{`[btoa("aÿ"), atob(" YQ= = "), atob("YWI")]`, `["Yf8=","a","ab"]`},
		{`try { btoa("€") } catch (e) { [e.name, e.code, e instanceof DOMException, e instanceof Error] }`, `["InvalidCharacterError",5,true,true]`},
		{`try { atob("*") } catch (e) { e.name }`, `"InvalidCharacterError"`},
		{`[[...new TextEncoder().encode("é€😀")], new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0xc3, 0xa9, 0xff])), new TextDecoder("latin1").decode(new Uint8Array([233]).buffer), new TextDecoder("utf-16").decode(new Uint8Array([60, 216, 8, 223]))]`, `[[195,169,226,130,172,240,159,152,128],"é�","é","🌈"]`},
		{`new TextDecoder("utf-8", {fatal: true}).decode(new Uint8Array([255]))`, `TypeError: The encoded data was not valid for encoding utf-8`},
		{`new TextDecoder("klingon")`, `RangeError: The "klingon" encoding is not supported`},

		{`const o = {d: new Date(0), m: new Map([[1, {a: [1]}]]), s: new Set([2]), r: /x/gi, u: new Uint8Array([7]), e: new TypeError("t"), n: null}; o.self = o; const c = structuredClone(o); [c !== o, c.self === c, c.d.getTime(), c.m.get(1).a, [...c.s], String(c.r), c.u[0], c.e.message]`, `[true,true,0,[1],[2],"/x/gi",7,"t"]`},
		{`try { structuredClone({f() {}}) } catch (e) { e.name }`, `"DataCloneError"`},

		{`const h = new Headers({"X-A": "1", "x-b": ["2", "3"]}); h.append("x-a", " 4 "); [h.get("X-A"), h.has("x-c"), [...h.keys()], Object.fromEntries(h)]`, `["1, 4",false,["x-a","x-b"],{"x-a":"1, 4","x-b":"2, 3"}]`},
		{`new Headers({"a b": "1"})`, `TypeError: Invalid header name: a b`},
		{`new Headers({"a": "1\r\nb: 2"})`, `TypeError: Invalid header value`},
		{`const r = Response.json({a: 1}, {status: 404}); [r.ok, r.status, r.headers.get("content-type")]`, `[false,404,"application/json"]`},
		{`new Response("a=1&b=2").formData().then(f => [...f])`, `[["a","1"],["b","2"]]`},
		{`const f = new FormData(); f.append("a", 1); f.set("b", "x"); new Request("http://h", {method: "POST", body: f}).text().then(t => [t.includes('name="a"'), t.includes("x")])`, `[true,true]`},
		{`new Request("http://h", {body: "x"})`, `TypeError: Request with GET/HEAD method cannot have a body`},
		{`const c = new AbortController(), s = AbortSignal.any([c.signal]), seen = []; s.onabort = () => seen.push("on"); s.addEventListener("abort", e => seen.push(e.type), {once: true}); c.abort("why"); c.abort(); [s.aborted, s.reason, seen, AbortSignal.abort().reason.name]`, `[true,"why",["on","abort"],"AbortError"]`},
		{`new AbortSignal()`, `TypeError: Illegal constructor`},

		{`/^[0-9a-f]{8}-[0-9a-f]{4}-4/.test(crypto.randomUUID())`, `true`},
		{`const a = crypto.getRandomValues(new Uint32Array(8)); [a.length, a.some(x => x !== 0)]`, `[8,true]`},
		{`crypto.getRandomValues(new Uint8Array(70000))`, `QuotaExceededError: getRandomValues gives 65536 bytes at most`},
		{`crypto.subtle.digest("SHA-256", new TextEncoder().encode("abc")).then(d => [...new Uint8Array(d)].slice(0, 4))`, `[186,120,22,191]`},
		{`(async () => { const k = await crypto.subtle.importKey("raw", new TextEncoder().encode("key"), {name: "HMAC", hash: "SHA-256"}, false, ["sign", "verify"]); const d = new TextEncoder().encode("data"), s = await crypto.subtle.sign("HMAC", k, d); return [k.type, k.algorithm.name, new Uint8Array(s).length, await crypto.subtle.verify("HMAC", k, s, d), await crypto.subtle.verify("HMAC", k, new Uint8Array(32), d), Object.keys(k)] })()`, `["secret","HMAC",32,true,false,[]]`},
		{`crypto.subtle.importKey("raw", new Uint8Array(1), {name: "HMAC", hash: "SHA-256"}, false, ["verify"]).then(k => crypto.subtle.sign("HMAC", k, new Uint8Array(1))).catch(e => e.name)`, `"InvalidAccessError"`},
		{`crypto.subtle.importKey("raw", new Uint8Array(1), "AES-GCM", false, []).catch(e => e.name)`, `"NotSupportedError"`},
		{`crypto.subtle.importKey("jwk", {kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}, "Ed25519", false, ["verify"]).then(k => [k.type, k.algorithm.name])`, `["public","Ed25519"]`},

		{`const c = require("actionplane/crypto"); [c.hash("sha256", "abc").slice(0, 8), c.hmac("SHA-256", "key", "data", "base64url").length, c.randomBytes(4).length, c.hash("sha1", new Uint8Array(0), "bytes").length, c.timingSafeEqual("a", "a"), c.timingSafeEqual("a", "b")]`, `["ba7816bf",43,8,20,true,false]`},
		{`require("actionplane/crypto").hash("md5", "x")`, `GoError: unknown hash`},
		{`const jwt = require("actionplane/jwt"), t = jwt.sign({sub: "me", iat: 1}, "secret", {keyId: "7", expiresIn: 60}); const d = jwt.decode(t); [d.header.alg, d.header.kid, d.claims.sub, jwt.verify(t, "secret", {algorithms: ["HS256"]}).sub, typeof d.claims.exp]`, `["HS256","7","me","me","number"]`},
		{`const jwt = require("actionplane/jwt"); jwt.verify(jwt.sign({exp: 1}, "s"), "s")`, `GoError: the token has expired`},
		{`const jwt = require("actionplane/jwt"); jwt.verify(jwt.sign({}, "s"), "t")`, `GoError: the token's signature is wrong`},
		{`const s = require("actionplane/secrets"); [s.get("key"), s.get("none"), s.has("key"), s.get("constructor"), Object.keys(s)]`, `["hush-hush",null,true,null,["get","has"]]`},

		{`setTimeout("code")`, `TypeError: the callback must be a function`},
		{`for (let i = 0; ; i++) setTimeout(() => {}, 1)`, `GoError: too much is pending: more than 1000 timers`},
	} {
		w := newWorld(t, Config{})
		if got := w.eval(t, test.script); got != test.want {
			t.Errorf("%s\ngives %s\nwant  %s", test.script, got, test.want)
		}
	}
}

func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Logs: LogConfig{MaxMessage: 40}})
	w.eval(t, `console.log("a hush-hush b", {k: require("actionplane/secrets").get("quoted")}, encodeURIComponent('a"b'))`)
	w.eval(t, `console.log("x".repeat(35) + "hush-hush")`)
	entries := w.logs.Entries()
	if entries[0].Message != `a [redacted] b {"k":"[redacted]"} [redac` {
		t.Errorf("it logs %s", entries[0].Message)
	}
	if strings.Contains(entries[1].Message, "hush") {
		t.Errorf("a cut secret shows: %s", entries[1].Message)
	}
}

// Whatever a script finds at a host function, it is no Go value.
func TestNothingOfGoIsReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	got := w.eval(t, `
		const seen = new Set(), bad = [];
		const walk = (v, path) => {
			if ((typeof v !== "object" && typeof v !== "function") || v === null || seen.has(v) || path.length > 8) return;
			seen.add(v);
			const text = Object.prototype.toString.call(v);
			if (/^\[object (Go|map|struct|chan|\*)/.test(text)) bad.push(path.join("."));
			for (const k of Reflect.ownKeys(v)) {
				if (typeof k === "string" && /^[A-Z]/.test(k) && !/^(URL|URLSearchParams|Headers|Request|Response|FormData|Text|Abort|Event|DOM|Crypto|[A-Z_0-9]+$)/.test(String(k)) && path[0] !== "js") bad.push(path.join(".") + "." + String(k));
				let x; try { x = v[k] } catch { continue }
				walk(x, [...path, String(k)]);
			}
			walk(Object.getPrototypeOf(v), [...path, "__proto__"]);
		};
		for (const v of [Object, Function, Array, Error, Promise, Date, RegExp, Map, Set, Symbol, Proxy, Reflect, JSON, Math, ArrayBuffer, Uint8Array, DataView, BigInt, WeakMap, WeakSet, String, Number, Boolean, globalThis]) walk(v, ["js"]);
		for (const name of ["require", "console", "fetch", "URL", "crypto", "setTimeout", "Headers", "Response", "AbortSignal", "TextDecoder", "structuredClone"]) walk(globalThis[name], [name]);
		for (const name of ["zitadel/http", "zitadel/log", "zitadel/uuid", "actionplane/crypto", "actionplane/jwt", "actionplane/secrets"]) walk(require(name), [name]);
		walk(crypto.subtle, ["subtle"]);
		bad`)
	if got != `[]` {
		t.Errorf("it reaches %s", got)
	}
}

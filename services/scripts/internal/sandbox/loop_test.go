package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

func TestEventLoop(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hang":
			<-r.Context().Done()
		case "/redirect":
			http.Redirect(w, r, "/echo", http.StatusFound)
		default:
			body, _ := io.ReadAll(r.Body)
			w.Header().Add("X-Many", "a")
			w.Header().Add("X-Many", "b")
			w.WriteHeader(http.StatusCreated)
			_ = json.NewEncoder(w).Encode(map[string]string{"m": r.Method, "b": string(body), "t": r.Header.Get("Content-Type"), "h": r.Header.Get("X-H")})
		}
	}))
	t.Cleanup(server.Close)
	for _, test := range []struct {
		name, source string
		log, failure string
	}{
		{"JobsBeforeTimers", `() => { setTimeout(() => console.log("timer")); queueMicrotask(() => console.log("micro")); Promise.resolve().then(() => console.log("promise")); console.log("sync") }`, "sync\nmicro\npromise\ntimer", ""},
		{"TimersInOrder", `() => { setTimeout(console.log, 20, "c"); setTimeout(console.log, 1, "a", 1); setTimeout((x) => console.log(x), 5, "b") }`, "a 1\nb\nc", ""},
		{"IntervalsUntilCleared", `() => { let n = 0; const id = setInterval(() => { console.log(++n); if (n === 3) clearInterval(id) }, 1); clearTimeout(setTimeout(() => console.log("never"), 1)); clearTimeout(undefined) }`, "1\n2\n3", ""},
		{"AwaitsTimers", `async () => { await new Promise(r => setTimeout(r, 2)); console.log("done") }`, "done", ""},
		{"WaitsForWhatTheFunctionDoesNot", `() => { (async () => { await new Promise(r => setTimeout(r, 2)); console.log("late") })() }`, "late", ""},
		{"ThrowInATimerFails", `() => { setTimeout(() => { throw new Error("bad") }, 1) }`, "", "Error: bad at <eval>:1:44(3)"},
		{"RejectionEndsTheRun", `async () => { setTimeout(() => console.log("never"), 1000); await null; throw new Error("no") }`, "", "Error: no at a (<eval>:1:89(11))"},
		{"UnhandledRejectionsAreLogged", `() => { Promise.reject(new Error("lost")); Promise.reject(1).catch(() => {}) }`, "unhandled promise rejection: Error: lost at a (<eval>:1:34(5))", ""},
		{"ForAwait", `async () => { async function* g() { yield 1; await null; yield 2 } for await (const x of g()) console.log(x) }`, "1\n2", ""},
		{"FetchPosts", `async () => { const r = await fetch(URL_ + "/echo", {method: "post", headers: {"X-H": "1"}, body: JSON.stringify({a: 1})}); console.log(r.status, r.ok, r.statusText, r.headers.get("x-many"), r.bodyUsed, r instanceof Response); console.log("%j", await r.json()) }`, `201 true Created a, b false true` + "\n" + `{"b":"{\"a\":1}","h":"1","m":"POST","t":"text/plain;charset=UTF-8"}`, ""},
		{"FetchSendsForms", `async () => { const r = await fetch(new URL("/echo", URL_), {method: "PUT", body: new URLSearchParams({a: "b c", d: "é"})}); console.log("%j", await r.json()) }`, `{"b":"a=b+c&d=%C3%A9","h":"","m":"PUT","t":"application/x-www-form-urlencoded;charset=UTF-8"}`, ""},
		{"FetchSendsBytes", `async () => { const r = await fetch(new Request(URL_ + "/echo", {method: "POST", headers: new Headers([["content-type", "x/y"]]), body: new TextEncoder().encode("bytes").subarray(1)})); console.log((await r.clone().text()).length, new Uint8Array(await r.arrayBuffer()).length > 0); try { await r.text() } catch (e) { console.log(e.name) } }`, "41 true\nTypeError", ""},
		{"FetchSideBySide", `async () => { const all = await Promise.all([1, 2, 3].map(() => fetch(URL_ + "/echo"))); console.log(all.map(r => r.status)) }`, "[201,201,201]", ""},
		{"FetchFollowsRedirects", `async () => { const r = await fetch(URL_ + "/redirect"); console.log(r.status, r.redirected, r.url.endsWith("/echo")); console.log((await fetch(URL_ + "/redirect", {redirect: "manual"})).status); await fetch(URL_ + "/redirect", {redirect: "error"}).catch(e => console.log(e.name)) }`, "201 true true\n302\nTypeError", ""},
		{"FetchIsAborted", `async () => { const c = new AbortController(); setTimeout(() => c.abort(), 5); try { await fetch(URL_ + "/hang", {signal: c.signal}) } catch (e) { console.log(e.name, e instanceof DOMException, c.signal.aborted) }; try { await fetch(URL_ + "/hang", {signal: AbortSignal.timeout(5)}) } catch (e) { console.log(e.name) } }`, "AbortError true true\nTimeoutError", ""},
		{"FetchFails", `async () => { try { await fetch("http://127.0.0.1:1/") } catch (e) { console.log(e instanceof TypeError, e.message.startsWith("fetch failed")) }; await fetch("nonsense").catch(e => console.log(e.message)) }`, "true true\nInvalid URL: nonsense", ""},
		{"BlockingFetchWithoutPromises", `() => { const r = require("zitadel/http").fetch(URL_ + "/echo"); console.log(r.statusCode, r.headers["X-Many"], r.json().m) }`, `201 ["a","b"] GET`, ""},
		{"BlockingFetchAwaited", `async () => { const r = await require("zitadel/http").fetch(URL_ + "/echo"); console.log(r.status) }`, `201`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			res := runWith(t, Config{}, invocation.Request{
				Name: "a", Source: "const a = " + strings.ReplaceAll(test.source, "URL_", `"`+server.URL+`"`), Style: invocation.StyleTarget,
				Input: json.RawMessage(`{}`), Timeout: 10 * time.Second, AllowHTTP: true,
			})
			if logged(res) != test.log || message(res) != test.failure {
				t.Errorf("it logs %s\nand fails with %q\nwant     %s\nand            %q", logged(res), message(res), test.log, test.failure)
			}
		})
	}
	t.Run("CallsAreRecorded", func(t *testing.T) {
		t.Parallel()
		res := runWith(t, Config{}, invocation.Request{
			Name: "a", Style: invocation.StyleTarget, Timeout: 10 * time.Second, AllowHTTP: true, Secrets: invocation.Secrets{"k": "t0p secret"},
			Source: `async function a() {
				const u = "` + server.URL + `", k = require("actionplane/secrets").get("k");
				await fetch(u + "/echo?k=" + encodeURIComponent(k), {method: "POST", body: "xyz"});
				await fetch("http://name:pass@host.invalid/").catch(() => {});
				try { require("zitadel/http").fetch("http://name:pass@127.0.0.1:1/") } catch {}
				fetch(u + "/hang");
				console.log("the key is " + k);
				throw new Error(k);
			}`,
		})
		if len(res.Calls) != 3 || res.Calls[0].Status != 201 || res.Calls[0].Sent != 3 || res.Calls[0].Received == 0 ||
			!strings.HasSuffix(res.Calls[0].URL, "/echo?k=[redacted]") && !strings.Contains(res.Calls[0].URL, "redacted") ||
			strings.Contains(res.Calls[1].URL, "pass") || res.Calls[1].Error == "" || res.Calls[2].Error == "" {
			t.Errorf("calls are %+v", res.Calls)
		}
		if logged(res) != "the key is [redacted]" || !strings.HasPrefix(message(res), "Error: [redacted] at a (") {
			t.Errorf("it logs %s and fails with %s", logged(res), message(res))
		}
	})
	t.Run("TimeIsOverWhileItWaits", func(t *testing.T) {
		t.Parallel()
		for _, source := range []string{`() => { setInterval(() => {}, 1) }`, `() => new Promise(r => setTimeout(r, 60000))`, `() => fetch("` + server.URL + `/hang")`} {
			res := runWith(t, Config{}, invocation.Request{
				Name: "a", Source: "const a = " + source, Style: invocation.StyleTarget, Timeout: 30 * time.Millisecond, AllowHTTP: true,
			})
			if !errors.Is(res.Error, &invocation.Error{Kind: invocation.KindTimeout}) {
				t.Errorf("%s gives %v", source, res.Error)
			}
		}
	})
}

func TestModules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, source, log, failure string }{
		{"DefaultExport", "import {log} from 'zitadel/log';\nexport default (ctx, api) => { log('default') }", "default", ""},
		{"NamedExport", "import * as l from 'zitadel/log';\nexport async function a() { l.log('named') }", "named", ""},
		{"NotEvenExported", "import l from 'zitadel/log';\nfunction a() { l.log('global') }", "global", ""},
		{"TypeScript", "type T = {x: number};\nconst t: T = {x: 1};\nfunction a(ctx: any): void { console.log(t.x as number) }", "1", ""},
		{"PositionsAreTheAuthors", "interface Ctx { v: string }\n\nexport function a(ctx: Ctx): void {\n  throw new Error('bad');\n}", "", "Error: bad at a (<eval>:4:9("},
		{"LateToo", "export async function a(ctx: any) {\n  await null;\n  throw new Error('late');\n}", "", "Error: late at a (<eval>:3:9("},
		{"ImportOfAPath", "import x from './x.js';\nexport function a() { x() }", "", "GoError: Invalid module at require (native)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			res := run(t, invocation.StyleTarget, "a", test.source)
			if logged(res) != test.log || !strings.HasPrefix(message(res), test.failure) || (test.failure == "") != (res.Error == nil) {
				t.Errorf("it logs %s and fails with %q", logged(res), message(res))
			}
		})
	}
}

package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/services/scripts/internal/hostapi"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/program"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run calls name of source with a small context.
func run(t *testing.T, style invocation.Style, name, source string) invocation.Result {
	t.Helper()
	return runWith(t, Config{}, invocation.Request{
		Name: name, Source: source, Style: style, Timeout: 5 * time.Second,
		Input: json.RawMessage(`{"n":1,"request":{"id":9007199254740993},"v1":{"claims":{"sub":"me"}}}`),
	})
}

func runWith(t *testing.T, cfg Config, req invocation.Request) invocation.Result {
	t.Helper()
	p, err := program.Compile(program.DefaultName, req.Source)
	if err != nil {
		t.Fatal(err)
	}
	return newSandbox(t, cfg).Run(context.Background(), p, &req)
}

func TestLookup(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"declaration":     `function a() { return {ok: 1} }`,
		"var":             `var a = function () { return {ok: 1} }`,
		"implicit global": `a = () => ({ok: 1})`,
		"const":           `const a = (ctx, api) => ({ok: 1})`,
		"let":             `let a = function () { return {ok: 1} }`,
		"async":           `async function a() { return {ok: await 1} }`,
		"accessor":        `Object.defineProperty(globalThis, "a", {get: () => () => ({ok: 1})})`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if res := run(t, invocation.StyleTarget, "a", source); string(res.Output) != `{"ok":1}` {
				t.Errorf("output is %s, %v", res.Output, res.Error)
			}
		})
	}
	t.Run("name that is no identifier", func(t *testing.T) {
		t.Parallel()
		res := run(t, invocation.StyleTarget, "log context", `globalThis["log context"] = () => ({ok: 1})`)
		if string(res.Output) != `{"ok":1}` {
			t.Errorf("output is %s, %v", res.Output, res.Error)
		}
	})
}

func TestFailure(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, source string
		want         invocation.Error
	}{
		{"ThrownError", `function err(ctx, api) { throw new Error("bad") }`, invocation.Error{Kind: invocation.KindThrown, Message: "Error: bad at err (<eval>:1:32(3))", Line: 1, Column: 32}},
		{"ThrownText", "function err() {\n\n  throw \"some error\"\n}", invocation.Error{Kind: invocation.KindThrown, Message: "some error at err (<eval>:3:3(2))", Line: 3, Column: 3}},
		{"ThrownAtTopLevel", `throw "early"`, invocation.Error{Kind: invocation.KindThrown, Message: "early at <eval>:1:1(1)", Line: 1, Column: 1}},
		{"UndefinedAccess", `function err(ctx) { return ctx.none.count }`, invocation.Error{Kind: invocation.KindThrown, Message: "TypeError: Cannot read property 'count' of undefined at err (<eval>:1:37(3))", Line: 1, Column: 37}},
		{"UnknownModule", `function err() { require("fs") }`, invocation.Error{Kind: invocation.KindThrown, Message: "GoError: Invalid module at require (native)", Line: 1, Column: 25}},
		{"NoFunction", `var other = 1`, invocation.Error{Kind: invocation.KindNotFound, Message: "function not found"}},
		{"NotAFunction", `var err = 1`, invocation.Error{Kind: invocation.KindNotFound, Message: "function not found: err is not a function"}},
		{"ClassIsNotCalled", `class err {}`, invocation.Error{Kind: invocation.KindThrown, Message: "TypeError: Class constructor cannot be invoked without 'new'"}},
		{"Rejection", `async function err() { await 1; throw new Error("late") }`, invocation.Error{Kind: invocation.KindThrown, Message: "Error: late at err (<eval>:1:39(6))", Line: 1, Column: 39}},
		{"RejectionWithAText", `async function err() { throw "late" }`, invocation.Error{Kind: invocation.KindThrown, Message: "late"}},
		{"NeverSettles", `function err() { return new Promise(() => {}) }`, invocation.Error{Kind: invocation.KindPending, Message: "the returned promise never settles"}},
		{"Recursion", `function err() { return err() }`, invocation.Error{Kind: invocation.KindStack, Message: "RangeError: Maximum call stack size exceeded at err (<eval>:1:28(2))", Line: 1, Column: 28}},
		{"CircularResult", `function err() { const a = {}; a.a = a; return a }`, invocation.Error{Kind: invocation.KindThrown, Message: "TypeError: Converting circular structure to JSON"}},
		{"PayloadIsNoObject", `function err() { return [1] }`, invocation.Error{Kind: invocation.KindOutput, Message: "the payload must be an object"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			res := run(t, invocation.StyleTarget, "err", test.source)
			if res.Error == nil || *res.Error != test.want || res.Output != nil {
				t.Errorf("got  %+v, output %s\nwant %+v", res.Error, res.Output, &test.want)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	timeout := &invocation.Error{Kind: invocation.KindTimeout}
	t.Run("FunctionPhase", func(t *testing.T) {
		t.Parallel()
		res := runWith(t, Config{}, invocation.Request{Name: "a", Source: `function a() { try { for (;;); } catch (e) {} }`, Style: invocation.StyleTarget, Timeout: 20 * time.Millisecond})
		if !errors.Is(res.Error, timeout) || !strings.HasPrefix(res.Error.Message, "interrupt at a (<eval>:1:") {
			t.Errorf("error is %+v", res.Error)
		}
	})
	t.Run("ScriptPhase", func(t *testing.T) {
		t.Parallel()
		res := runWith(t, Config{}, invocation.Request{Name: "a", Source: `for (;;);`, Style: invocation.StyleTarget, Timeout: 20 * time.Millisecond})
		if !errors.Is(res.Error, timeout) {
			t.Errorf("error is %+v", res.Error)
		}
	})
	t.Run("BudgetIsForBoth", func(t *testing.T) {
		t.Parallel()
		res := runWith(t, Config{}, invocation.Request{Name: "a", Source: `function a() { for (;;); }`, Style: invocation.StyleTarget, Budget: 20 * time.Millisecond})
		if !errors.Is(res.Error, timeout) {
			t.Errorf("error is %+v", res.Error)
		}
	})
	t.Run("CallerWhoLeftIsNoTimeout", func(t *testing.T) {
		t.Parallel()
		p, err := program.Compile(program.DefaultName, `function a() { for (;;); }`)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		res := newSandbox(t, Config{}).Run(ctx, p, &invocation.Request{Name: "a", Style: invocation.StyleTarget})
		if !errors.Is(res.Error, &invocation.Error{Kind: invocation.KindCanceled}) {
			t.Errorf("error is %+v", res.Error)
		}
	})
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, source, output, reason string }{
		{"ReturnedObjectReplaces", `(ctx) => { ctx.request.x = 1; return ctx.request }`, `{"id":9007199254740993,"x":1}`, ""},
		{"SetPayloadReplaces", `(ctx, api) => { api.setPayload({a: 1}) }`, `{"a":1}`, ""},
		{"SetPayloadIsASnapshot", `(ctx, api) => { const p = {a: 1}; api.setPayload(p); p.a = 2 }`, `{"a":1}`, ""},
		{"ReturnedObjectWinsOverSetPayload", `(ctx, api) => { api.setPayload({a: 1}); return {b: 1} }`, `{"b":1}`, ""},
		{"NothingLeavesItAlone", `(ctx) => { ctx.request.x = 1 }`, ``, ""},
		{"PrimitivesAreIgnored", `(ctx) => ctx.request.x = 5`, ``, ""},
		{"NullIsIgnored", `() => null`, ``, ""},
		{"PromisesAreAwaited", `async (ctx, api) => { for (let i = 0; i < 3; i++) await i; return {n: (await Promise.all([1, 2])).length} }`, `{"n":2}`, ""},
		{"DenyVetoes", `(ctx, api) => { api.deny("first", 7); api.deny("second"); return {a: 1} }`, ``, "first"},
		{"DenyNeedsNoReason", `(ctx, api) => api.deny()`, ``, "denied"},
		{"BadPayloadCanBeCaught", `(ctx, api) => { try { api.setPayload(1) } catch (e) { return {e: e.message} } }`, `{"e":"setPayload takes an object"}`, ""},
		{"HostErrorsHoldNoGoValue", `(ctx, api) => { try { require("x") } catch (e) { return {n: e.name, v: typeof e.value, s: e.stack.includes("actionplane")} } }`, `{"n":"GoError","v":"undefined","s":false}`, ""},
		{"HostFunctionsHaveTheirNames", `(ctx, api) => ({n: [api.deny.name, require.name, console.log.name]})`, `{"n":["deny","require","log"]}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			res := run(t, invocation.StyleTarget, "a", "const a = "+test.source)
			if res.Error != nil || string(res.Output) != test.output {
				t.Errorf("output is %s, %v; want %s", res.Output, res.Error, test.output)
			}
			if (res.Veto != nil) != (test.reason != "") || res.Veto != nil && res.Veto.Reason != test.reason {
				t.Errorf("veto is %+v", res.Veto)
			}
		})
	}
}

func TestRunRefusesBadInput(t *testing.T) {
	t.Parallel()
	for name, req := range map[string]invocation.Request{
		"no JSON":    {Name: "a", Source: `function a() {}`, Style: invocation.StyleTarget, Input: json.RawMessage(`{`)},
		"no style":   {Name: "a", Source: `function a() {}`},
		"no trigger": {Name: "a", Source: `function a() {}`, Style: invocation.StyleFlow},
	} {
		if res := runWith(t, Config{}, req); !errors.Is(res.Error, &invocation.Error{Kind: invocation.KindInput}) {
			t.Errorf("%s gives %+v", name, res.Error)
		}
	}
}

func newSandbox(tb testing.TB, cfg Config) *Sandbox {
	tb.Helper()
	host, err := hostapi.New(hostapi.Config{}, hostapi.Deps{Transport: http.DefaultTransport})
	if err != nil {
		tb.Fatal(err)
	}
	s, err := New(cfg, Deps{Host: host})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

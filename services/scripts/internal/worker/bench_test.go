package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/hostapi"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/program"
	"github.com/actionplane/actionplane/services/scripts/internal/sandbox"
)

// benchSource changes three fields of a payload.
const benchSource = `
function run(ctx, api) {
	const r = ctx.request;
	r.name = r.name + "!";
	r.tags.push("seen");
	r.nested.count = r.nested.count + 1;
	return r;
}`

// benchInput is an envelope of 1 KiB.
func benchInput(tb testing.TB) []byte {
	tb.Helper()
	request := map[string]any{
		"name": "list", "tags": []string{"a", "b"}, "nested": map[string]any{"count": 1, "text": strings.Repeat("x", 100)},
	}
	for i := range 12 {
		request[fmt.Sprintf("field%d", i)] = map[string]any{"id": fmt.Sprint(i), "text": strings.Repeat("y", 30)}
	}
	raw, err := json.Marshal(map[string]any{"fullMethod": "/zitadel.session.v2.SessionService/ListSessions", "request": request})
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// BenchmarkBareVM is what a program that embeds goja would do, without any
// limit: a fresh VM, the compiled program, JSON.parse and JSON.stringify.
func BenchmarkBareVM(b *testing.B) {
	p, err := goja.Compile("", benchSource+"\nfunction call(text) { return JSON.stringify(run(JSON.parse(text))) }", false)
	if err != nil {
		b.Fatal(err)
	}
	input := string(benchInput(b))
	b.ReportAllocs()
	for b.Loop() {
		vm := goja.New()
		if _, err := vm.RunProgram(p); err != nil {
			b.Fatal(err)
		}
		call, _ := goja.AssertFunction(vm.Get("call"))
		if _, err := call(goja.Undefined(), vm.ToValue(input)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSandbox is the same work in our sandbox, in this process.
func BenchmarkSandbox(b *testing.B) {
	host, err := hostapi.New(hostapi.Config{}, hostapi.Deps{Transport: http.DefaultTransport})
	if err != nil {
		b.Fatal(err)
	}
	box, err := sandbox.New(sandbox.Config{}, sandbox.Deps{Host: host})
	if err != nil {
		b.Fatal(err)
	}
	p, err := program.Compile(program.DefaultName, benchSource)
	if err != nil {
		b.Fatal(err)
	}
	req := request(benchSource)
	req.Input = benchInput(b)
	b.ReportAllocs()
	for b.Loop() {
		if res := box.Run(context.Background(), p, &req); res.Error != nil {
			b.Fatal(res.Error)
		}
	}
}

// BenchmarkInvoke is the same work in a warm worker, one caller.
func BenchmarkInvoke(b *testing.B) {
	pool := startPool(b, testConfig(b, 1))
	req := benchRequest(b)
	b.ReportAllocs()
	for b.Loop() {
		if res := invoke(b, pool, req); res.Error != nil {
			b.Fatal(res.Error)
		}
	}
}

// BenchmarkInvokeParallel is the same with a worker per CPU and 32 callers for
// each.
func BenchmarkInvokeParallel(b *testing.B) {
	cfg := testConfig(b, 0)
	pool := startPool(b, cfg)
	req := benchRequest(b)
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if res, err := pool.Invoke(context.Background(), req); err != nil || res.Error != nil {
				b.Error(err, res.Error)
				return
			}
		}
	})
}

// BenchmarkStart is a worker's way from nothing to ready: what is off the
// request's path.
func BenchmarkStart(b *testing.B) {
	cfg := testConfig(b, 1).withDefaults()
	for b.Loop() {
		w, err := start(cfg, discard())
		if err != nil {
			b.Fatal(err)
		}
		w.kill()
		_ = w.wait()
	}
}

func benchRequest(b *testing.B) invocation.Request {
	b.Helper()
	req := request(benchSource)
	req.Input, req.Hash = benchInput(b), invocation.HashOf(benchSource)
	return req
}

// BenchmarkParts shows where the time of an invocation in the sandbox goes:
// each is a script that does nothing but touch one thing.
func BenchmarkParts(b *testing.B) {
	host, err := hostapi.New(hostapi.Config{}, hostapi.Deps{Transport: http.DefaultTransport})
	if err != nil {
		b.Fatal(err)
	}
	box, err := sandbox.New(sandbox.Config{}, sandbox.Deps{Host: host})
	if err != nil {
		b.Fatal(err)
	}
	for _, part := range []struct{ name, body string }{
		{"Nothing", ``},
		{"Log", `console.log("x")`},
		{"Claim", `api.v1.claims.setClaim("a", ctx.v1.claims.sub)`},
		{"Metadata", `ctx.v1.user.getMetadata().metadata.map(m => m.value)`},
		{"Date", `ctx.v1.getUser().creationDate.getTime()`},
		{"Await", `return (async () => { await null })()`},
		{"Timer", `setTimeout(() => {}, 1)`},
		{"URL", `new URL("https://example.org/a?b=c")`},
		{"Hash", `require("actionplane/crypto").hash("SHA-256", "x")`},
		{"Token", `require("actionplane/jwt").sign({sub: "me"}, "secret")`},
		{"Headers", `new Headers({a: "b"})`},
	} {
		b.Run(part.name, func(b *testing.B) {
			source := "function run(ctx, api) { " + part.body + " }"
			p, err := program.Compile(program.DefaultName, source)
			if err != nil {
				b.Fatal(err)
			}
			req := request(source)
			req.Style, req.Trigger = invocation.StyleFlow, invocation.Trigger{Flow: 2, Type: 4}
			req.Input = json.RawMessage(`{"v1":{"claims":{"sub":"me"},"user":{"creationDate":"2023-11-14T22:13:20Z","metadata":[{"key":"a","value":"1"}]}}}`)
			b.ReportAllocs()
			for b.Loop() {
				if res := box.Run(context.Background(), p, &req); res.Error != nil {
					b.Fatal(res.Error)
				}
			}
		})
	}
}

package sandbox

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
)

// benchSource changes three fields of a 1 KiB payload.
const benchSource = `
const log = require("zitadel/log");
function run(ctx, api) {
	const r = ctx.request;
	r.name = r.name + "!";
	r.tags.push("seen");
	r.nested.count = r.nested.count + 1;
	return r;
}`

func benchInput() []byte {
	request := map[string]any{
		"name": "list", "tags": []string{"a", "b"}, "nested": map[string]any{"count": 1, "text": strings.Repeat("x", 100)},
	}
	for i := range 12 {
		request[fmt.Sprintf("field%d", i)] = map[string]any{"id": fmt.Sprint(i), "text": strings.Repeat("y", 30)}
	}
	raw, _ := json.Marshal(map[string]any{"fullMethod": "/zitadel.session.v2.SessionService/ListSessions", "request": request})
	return raw
}

// BenchmarkBareVM is what a program that embeds goja would do: a fresh VM, the
// compiled program, JSON.parse and JSON.stringify inside.
func BenchmarkBareVM(b *testing.B) {
	p, err := goja.Compile("", strings.Replace(benchSource, `const log = require("zitadel/log");`, "", 1)+
		"\nfunction call(text) { return JSON.stringify(run(JSON.parse(text))) }", false)
	if err != nil {
		b.Fatal(err)
	}
	input := string(benchInput())
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

// BenchmarkRun is the same work by Run.
func BenchmarkRun(b *testing.B) {
	s := newSandbox(b, Config{})
	p, err := program.Compile(program.DefaultName, benchSource)
	if err != nil {
		b.Fatal(err)
	}
	input := benchInput()
	b.ReportAllocs()
	for b.Loop() {
		res := s.Run(context.Background(), p, &invocation.Request{Name: "run", Style: invocation.StyleTarget, Input: input})
		if res.Error != nil {
			b.Fatal(res.Error)
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

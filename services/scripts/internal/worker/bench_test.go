package worker

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

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

// BenchmarkInvoke is a warm call through a worker process, one caller.
func BenchmarkInvoke(b *testing.B) {
	pool := startPool(b, testConfig(b, 1))
	req := request(benchSource)
	req.Input, req.Hash = benchInput(), invocation.HashOf(benchSource)
	invoke(b, pool, req)
	b.ReportAllocs()
	for b.Loop() {
		if res := invoke(b, pool, req); res.Error != nil {
			b.Fatal(res.Error)
		}
	}
}

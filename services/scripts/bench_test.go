package scripts_test

import (
	"testing"

	flowsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/flows/v1"
)

// BenchmarkRunTrigger is a trigger of two actions, called over the bus, whose
// invocations are recorded meanwhile. Set beside BenchmarkInvoke of
// internal/worker it shows what the way there costs.
func BenchmarkRunTrigger(b *testing.B) {
	h := open(b, 1, nil)
	h.library.put("1", `function act(ctx, api) { api.v1.claims.setClaim("a", ctx.v1.claims.sub) }`, nil)
	h.library.put("2", `function act(ctx, api) { api.v1.claims.setClaim("b", ctx.v1.claims.a) }`, nil)
	h.library.bind(ours, "2/5", "1", "2")
	ctx, req := in(b, ours), &flowsv1.RunTriggerRequest{Flow: "2", Trigger: "5", Context: []byte(`{"v1":{"claims":{"sub":"me"}}}`)}
	b.ReportAllocs()
	for b.Loop() {
		out, err := h.flows.RunTrigger(ctx, req)
		if err != nil || len(out.GetActions()) != 2 {
			b.Fatal(out, err)
		}
	}
}

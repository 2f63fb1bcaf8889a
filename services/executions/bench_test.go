package executions_test

import (
	"testing"

	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
)

// BenchmarkHook asks over the bus, with one caller and with many.
func BenchmarkHook(b *testing.B) {
	w := begun(b, 1)
	w.targets.put("1")
	ctx := as(b)
	w.set(ctx, b, "request/a.S", "1")
	for name, method := range map[string]string{"NoMatch": "/b.S/M", "HandedToDispatch": "/a.S/M"} {
		in := &hooksv1.RunRequestHookRequest{Method: method, Payload: make([]byte, 1024)}
		b.Run(name+"/1", func(b *testing.B) {
			for b.Loop() {
				if _, err := w.hooks.RunRequestHook(ctx, in); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/64", func(b *testing.B) {
			b.SetParallelism(32) // times two cores
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := w.hooks.RunRequestHook(ctx, in); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

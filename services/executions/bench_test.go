package executions_test

import (
	"fmt"
	"runtime/debug"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/host"
	executionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/executions/v1"
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

// BenchmarkResolveEvents asks for the chains of 64 events at a time, all of one
// kind or each of another, as dispatch does: one question after the other from
// each of its replicas.
func BenchmarkResolveEvents(b *testing.B) {
	const together = 64
	before := debug.SetGCPercent(host.DefaultConfig().GCPercent)
	defer debug.SetGCPercent(before)
	w := begun(b, 1)
	w.targets.put("1")
	ctx := as(b)
	w.set(ctx, b, "event/a.*", "1")
	for _, kinds := range []int{1, together} {
		in := &executionsv1.ResolveEventsRequest{}
		for i := range kinds {
			in.Kinds = append(in.Kinds, &executionsv1.EventKind{TenantId: tenantOf(ctx), Type: "a." + strconv.Itoa(i), Count: uint32(together / kinds)})
		}
		w.ask(b, true, in.GetKinds()...)
		b.Run(fmt.Sprintf("%dOf%dKinds", together, kinds), func(b *testing.B) {
			b.ReportAllocs()
			cpu := spent(b)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := w.chains.ResolveEvents(ctx, in); err != nil {
						b.Error(err)
					}
				}
			})
			b.StopTimer()
			b.ReportMetric(float64((spent(b)-cpu).Microseconds())/float64(b.N*together), "cpu-us/event")
		})
	}
}

// spent returns the CPU time that this process has used.
func spent(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

package executions_test

import (
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
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

// BenchmarkResolveEvent is events that are published by 64 callers, resolved and
// handed on: from stream EVENTS to stream RUNS.
func BenchmarkResolveEvent(b *testing.B) {
	before := debug.SetGCPercent(host.DefaultConfig().GCPercent)
	defer debug.SetGCPercent(before)
	w := begun(b, 1)
	w.targets.put("1")
	ctx := as(b)
	w.set(ctx, b, "event/a.b", "1")
	if err := w.conn.EnsureStream(ctx, runsStream); err != nil {
		b.Fatal(err)
	}
	subject := contract.EventSubject(tenantOf(ctx), "a.b")
	data, err := proto.Marshal(&eventsv1.Event{Payload: []byte(`{"text":"` + strings.Repeat("a", 1000) + `"}`)})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetParallelism(32) // times two cores
	cpu := spent(b)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := w.conn.Publish(ctx, subject, ident.NewUUID(), nil, data); err != nil {
				b.Error(err)
			}
		}
	})
	for tick := time.NewTicker(3 * time.Millisecond); ; <-tick.C {
		handedOn, err := w.conn.LastSequence(ctx, contract.RunsStream)
		if err != nil {
			b.Fatal(err)
		}
		if handedOn >= uint64(b.N) {
			break
		}
	}
	b.StopTimer()
	b.ReportMetric(float64((spent(b)-cpu).Microseconds())/float64(b.N), "cpu-us/op")
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

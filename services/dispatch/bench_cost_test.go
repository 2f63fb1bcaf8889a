package dispatch_test

import (
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
)

// rounds is in how many pieces a benchmark is cut. Ours and the baselines take
// turns, piece by piece, so that what else the machine does meets all of them.
const rounds = 5

// cost is what some operations took.
type cost struct {
	wall      time.Duration
	cpu       time.Duration // of this process, user and kernel
	others    time.Duration // CPU time of Postgres and the receiver
	latencies []time.Duration
}

// work does n operations and returns what they took; cpu is filled in by who
// asks.
type work func(n int) cost

// spent returns the CPU time that this process has used, and the most memory
// that it ever held, in bytes.
func spent(b *testing.B) (cpu time.Duration, peak int64) {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), u.Maxrss << 10
}

// measured does the work and adds the CPU time.
func measured(b *testing.B, w work, n int) cost {
	b.Helper()
	others := pgtest.Spent() // which costs milliseconds itself
	before, _ := spent(b)
	c := w(n)
	after, _ := spent(b)
	c.cpu, c.others = after-before, pgtest.Spent()-others
	return c
}

// share returns the work of calling f from some callers.
func share(b *testing.B, callers int, f func() error) work {
	b.Helper()
	return func(n int) cost {
		latencies := make([]time.Duration, n)
		start := time.Now()
		var next atomic.Int64
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
					began := time.Now()
					if err := f(); err != nil {
						b.Error(err)
						return
					}
					latencies[i] = time.Since(began)
				}
			})
		}
		wg.Wait()
		return cost{wall: time.Since(start), latencies: latencies}
	}
}

// asHosted collects garbage as a service's process does.
func asHosted(b *testing.B) {
	b.Helper()
	before := debug.SetGCPercent(host.DefaultConfig().GCPercent)
	b.Cleanup(func() { debug.SetGCPercent(before) })
}

// compare reports what our work costs in units of what the baselines need, by
// the medians of interleaved rounds: x/ is time, cpu/ is CPU time of this
// process, in which bus and callers run too, all/ with that of Postgres and the
// receiver; p50/ and p99/ are latencies, where ours has any.
func compare(b *testing.B, ours work, baselines map[string]work) {
	b.Helper()
	ratios := map[string][]float64{}
	var cpu, others time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	b.StopTimer()
	for r := range rounds {
		n := b.N*(r+1)/rounds - b.N*r/rounds
		if n == 0 {
			continue
		}
		bare := map[string]cost{}
		for name, baseline := range baselines {
			bare[name] = measured(b, baseline, n)
		}
		b.StartTimer()
		c := measured(b, ours, n)
		b.StopTimer()
		cpu, others = cpu+c.cpu, others+c.others
		for name, than := range bare {
			c.against(name, than, ratios)
		}
	}
	for unit, values := range ratios {
		slices.Sort(values)
		b.ReportMetric(values[len(values)/2], unit)
	}
	_, peak := spent(b)
	b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-us/op")
	b.ReportMetric(float64(others.Microseconds())/float64(b.N), "others-us/op")
	b.ReportMetric(float64(peak>>20), "peak-MiB")
}

// against adds one round's ratios.
func (c cost) against(name string, bare cost, ratios map[string][]float64) {
	add := func(unit string, ours, theirs time.Duration) {
		if theirs > 0 {
			ratios[unit+name] = append(ratios[unit+name], float64(ours)/float64(theirs))
		}
	}
	add("x/", c.wall, bare.wall)
	add("cpu/", c.cpu, bare.cpu)
	add("all/", c.cpu+c.others, bare.cpu+bare.others)
	if len(c.latencies) > 0 {
		add("p50/", percentile(c.latencies, 50), percentile(bare.latencies, 50))
		add("p99/", percentile(c.latencies, 99), percentile(bare.latencies, 99))
	}
}

// percentile returns the value below which p of 100 lie. It sorts.
func percentile(values []time.Duration, p int) time.Duration {
	slices.Sort(values)
	return values[(len(values)-1)*p/100]
}

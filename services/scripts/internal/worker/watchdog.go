package worker

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	// exitMemory is the exit code of a worker whose heap grew too large.
	exitMemory = 86
	// exitOrphan is the exit code of a worker that lost its parent while a
	// script would not stop.
	exitOrphan = 87

	// watchEvery is how often the heap is looked at. In that time a script
	// allocates some ten megabytes.
	watchEvery = 5 * time.Millisecond
)

// limitMemory sets the process's limits for a heap of at most max bytes; see
// the package comment.
func limitMemory(max int64) error {
	if max <= 0 {
		return nil
	}
	debug.SetMemoryLimit(max / 4 * 3)
	// Deep recursion of native functions ends the process, so let it end
	// before memory does.
	debug.SetMaxStack(int(max / 4))
	return limitData(2 * max)
}

// heapSize returns the bytes in objects, dead ones not yet swept included.
func heapSize() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(min(sample[0].Value.Uint64(), math.MaxInt64))
}

// watchdog ends the process when the heap grows too large. It costs next to
// nothing for invocations shorter than watchEvery, and nothing in between.
type watchdog struct {
	limit int64 // bytes; not positive for none

	mu       sync.Mutex
	timer    *time.Timer
	watching bool
	looked   bool  // since begin
	base     int64 // heap at begin, in bytes
	peak     int64 // largest heap seen since
}

func newWatchdog(limit int64) *watchdog {
	w := &watchdog{limit: limit}
	w.timer = time.AfterFunc(time.Hour, w.look)
	w.timer.Stop()
	return w
}

// begin watches from now on.
func (w *watchdog) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watching, w.looked = true, false
	w.base = heapSize()
	w.peak = w.base
	w.timer.Reset(watchEvery)
}

func (w *watchdog) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.watching {
		return
	}
	w.looked = true
	if w.peak = max(w.peak, heapSize()); w.limit > 0 && w.peak > w.limit {
		os.Exit(exitMemory)
	}
	w.timer.Reset(watchEvery)
}

// end watches no more, and returns how far the heap grew, in bytes.
func (w *watchdog) end() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watching = false
	w.timer.Stop()
	return max(w.peak, heapSize()) - w.base
}

// tidy collects what a long invocation left behind, so that the next one does
// not have to answer for it. Call it when nobody waits.
func (w *watchdog) tidy() {
	if w.looked && w.limit > 0 && heapSize() > w.limit/4 {
		runtime.GC()
	}
}

package journal

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
)

// Config bounds a Recorder.
type Config struct {
	MaxEntries int           // entries that wait to be written
	MaxBytes   int           // about how much memory they may hold
	MaxBatch   int           // entries of one transaction
	Timeout    time.Duration // of one transaction
	Pause      time.Duration // before a transaction that failed is tried again
}

// Recorder writes entries. It is safe for concurrent use.
type Recorder struct {
	cfg     Config
	write   func(context.Context, []Entry) error
	log     *slog.Logger
	dropped atomic.Uint64
	more    chan struct{} // holds one signal that something waits

	mu      sync.Mutex
	waiting []Entry
	bytes   int
}

// NewRecorder returns a recorder that writes with write.
func NewRecorder(cfg Config, write func(context.Context, []Entry) error, log *slog.Logger) *Recorder {
	return &Recorder{cfg: cfg, write: write, log: log, more: make(chan struct{}, 1)}
}

// Record takes an entry, or drops it, at once.
func (r *Recorder) Record(e Entry) {
	if !r.add(e) {
		r.dropped.Add(1)
		return
	}
	select {
	case r.more <- struct{}{}:
	default:
	}
}

func (r *Recorder) add(e Entry) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	size := e.size()
	if len(r.waiting) >= r.cfg.MaxEntries || r.bytes+size > r.cfg.MaxBytes {
		return false
	}
	r.waiting, r.bytes = append(r.waiting, e), r.bytes+size
	return true
}

// Dropped is how many entries were not written.
func (r *Recorder) Dropped() uint64 { return r.dropped.Load() }

// Run writes until ctx is done, then what is left, which it tries once.
func (r *Recorder) Run(ctx context.Context) error {
	for {
		select {
		case <-r.more:
			r.writeWaiting(ctx)
		case <-ctx.Done():
			r.writeWaiting(ctx)
			return nil
		}
	}
}

func (r *Recorder) writeWaiting(ctx context.Context) {
	for batch := r.take(); len(batch) > 0; batch = r.take() {
		r.writeAll(ctx, batch)
	}
}

// take returns the oldest entries, as many as make a batch.
func (r *Recorder) take() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(len(r.waiting), r.cfg.MaxBatch)
	batch := make([]Entry, n)
	copy(batch, r.waiting)
	for i := range batch {
		r.bytes -= batch[i].size()
	}
	rest := copy(r.waiting, r.waiting[n:])
	clear(r.waiting[rest:]) // they hold logs
	r.waiting = r.waiting[:rest]
	return batch
}

// writeAll writes a batch, as often as it takes while we are to run. One that
// is refused for what it holds is written entry by entry.
func (r *Recorder) writeAll(ctx context.Context, batch []Entry) {
	for {
		err := r.attempt(ctx, batch)
		switch {
		case err == nil:
			return
		case fault.Permanent(err) && len(batch) > 1:
			for i := range batch {
				r.writeAll(ctx, batch[i:i+1])
			}
			return
		case fault.Permanent(err), ctx.Err() != nil:
			r.dropped.Add(uint64(len(batch)))
			r.log.ErrorContext(ctx, "scripts.invocations_not_recorded", "count", len(batch), "error", err)
			return
		}
		r.log.WarnContext(ctx, "scripts.record_invocations", "count", len(batch), "error", err)
		pause(ctx, r.cfg.Pause)
	}
}

func (r *Recorder) attempt(ctx context.Context, batch []Entry) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.Timeout)
	defer cancel()
	return r.write(ctx, batch)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

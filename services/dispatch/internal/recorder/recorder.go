// Package recorder writes down hook runs after they were answered. It never
// makes anybody wait: what does not fit its buffer is dropped and counted, for
// the record of a hook is worth less than the hook.
package recorder

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Config bounds a Recorder.
type Config struct {
	Buffer   int           // runs that wait to be written
	MaxBatch int           // runs of one transaction
	Timeout  time.Duration // of one transaction
	Pause    time.Duration // before a transaction that failed is tried again
}

// Recorder writes runs. It is safe for concurrent use.
type Recorder struct {
	cfg     Config
	write   func(context.Context, []run.Run) error
	log     *slog.Logger
	buffer  chan run.Run
	dropped atomic.Uint64
}

// New returns a recorder that writes with write.
func New(cfg Config, write func(context.Context, []run.Run) error, log *slog.Logger) *Recorder {
	return &Recorder{cfg: cfg, write: write, log: log, buffer: make(chan run.Run, cfg.Buffer)}
}

// Record takes a run, or drops it, at once.
func (r *Recorder) Record(one run.Run) {
	select {
	case r.buffer <- one:
	default:
		r.dropped.Add(1)
	}
}

// Dropped is how many runs were not written.
func (r *Recorder) Dropped() uint64 { return r.dropped.Load() }

// Run writes until ctx is done, then what is left, which it tries once.
func (r *Recorder) Run(ctx context.Context) error {
	for {
		select {
		case one := <-r.buffer:
			r.writeAll(ctx, r.collect(one))
		case <-ctx.Done():
			r.drain(ctx)
			return nil
		}
	}
}

func (r *Recorder) drain(ctx context.Context) {
	for {
		select {
		case one := <-r.buffer:
			r.writeAll(ctx, r.collect(one))
		default:
			return
		}
	}
}

// collect returns one and what else is there.
func (r *Recorder) collect(one run.Run) []run.Run {
	batch := []run.Run{one}
	for len(batch) < r.cfg.MaxBatch {
		select {
		case next := <-r.buffer:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// writeAll writes a batch, as often as it takes while we are to run. One that
// is refused for what it holds is written run by run.
func (r *Recorder) writeAll(ctx context.Context, batch []run.Run) {
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
			r.log.Error("dispatch.runs_not_recorded", "count", len(batch), "error", err)
			return
		}
		r.log.Warn("dispatch.record_runs", "count", len(batch), "error", err)
		pause(ctx, r.cfg.Pause)
	}
}

func (r *Recorder) attempt(ctx context.Context, batch []run.Run) error {
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

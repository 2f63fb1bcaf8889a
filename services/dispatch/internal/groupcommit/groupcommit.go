// Package groupcommit lets many writers share a transaction: what is handed in
// while one is being committed goes into the next. A lone writer waits for
// nobody; under load a commit serves dozens, which is worth a factor of five in
// rows per second.
package groupcommit

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/telemetry"
)

const scope = "github.com/actionplane/actionplane/services/dispatch"

// Config bounds a Writer.
type Config struct {
	// MaxBatch is the most items of one transaction.
	MaxBatch int
	// Parallel is how many transactions run at once.
	Parallel int
	// Timeout of one transaction.
	Timeout time.Duration
}

// Writer commits items in groups. Run must be running for Commit to return.
type Writer[T any] struct {
	cfg     Config
	write   func(context.Context, []T) error
	queue   chan entry[T]
	stopped chan struct{}
}

type entry[T any] struct {
	item T
	done chan error
	span trace.Span // of the waiting
}

// New returns a writer that commits with write, all of a batch or nothing.
func New[T any](cfg Config, write func(context.Context, []T) error) *Writer[T] {
	return &Writer[T]{cfg: cfg, write: write, queue: make(chan entry[T], cfg.MaxBatch), stopped: make(chan struct{})}
}

// Commit returns nil once the item is committed. When it returns because of
// ctx, the item may still be.
func (w *Writer[T]) Commit(ctx context.Context, item T) error {
	ctx, span := telemetry.Child(ctx, scope, "commit")
	err := w.commitOne(ctx, entry[T]{item: item, done: make(chan error, 1), span: span})
	telemetry.Fail(span, err, fault.CodeOf(err).String())
	span.End()
	return err
}

func (w *Writer[T]) commitOne(ctx context.Context, e entry[T]) error {
	select {
	case w.queue <- e:
	case <-w.stopped:
		return fault.Unavailable("the service is stopping")
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-e.done:
		return err
	case <-w.stopped: // and perhaps it was the last thing done
		select {
		case err := <-e.done:
			return err
		default:
			return fault.Unavailable("the service is stopping")
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run commits until ctx is done, then what is queued, and returns nil. Stop
// those who call Commit first.
func (w *Writer[T]) Run(ctx context.Context) error {
	defer close(w.stopped)
	base := context.WithoutCancel(ctx)
	var workers sync.WaitGroup
	for range w.cfg.Parallel {
		workers.Go(func() {
			for {
				batch := w.collect(ctx)
				if len(batch) == 0 {
					return
				}
				w.commit(base, batch)
			}
		})
	}
	workers.Wait()
	return nil
}

// collect waits for an item and takes along what else is there; nothing once
// ctx is done and the queue is empty.
func (w *Writer[T]) collect(ctx context.Context) []entry[T] {
	var batch []entry[T]
	select {
	case e := <-w.queue:
		batch = append(batch, e)
	case <-ctx.Done():
	}
	for len(batch) < w.cfg.MaxBatch {
		select {
		case e := <-w.queue:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

// commit writes a batch. One that is refused for what it holds is written item
// by item, so that a single bad one fails alone.
func (w *Writer[T]) commit(ctx context.Context, batch []entry[T]) {
	err := w.attempt(ctx, batch)
	if err == nil || len(batch) == 1 || !fault.Permanent(err) {
		for _, e := range batch {
			e.done <- err
		}
		return
	}
	for i, e := range batch {
		e.done <- w.attempt(ctx, batch[i:i+1])
	}
}

func (w *Writer[T]) attempt(ctx context.Context, batch []entry[T]) error {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Timeout)
	defer cancel()
	items := make([]T, len(batch))
	for i, e := range batch {
		items[i] = e.item
	}
	return w.write(traced(ctx, batch), items)
}

// traced returns ctx under the first span of a batch that is recorded: what the
// database does for all is seen there, and the other spans link to that one.
func traced[T any](ctx context.Context, batch []entry[T]) context.Context {
	var first trace.Span
	for _, e := range batch {
		switch {
		case !e.span.IsRecording():
		case first == nil:
			first = e.span
			first.SetAttributes(attribute.Int("actionplane.commit.batch", len(batch)))
			ctx = trace.ContextWithSpan(ctx, first)
		default:
			e.span.AddLink(trace.Link{SpanContext: first.SpanContext()})
		}
	}
	return ctx
}

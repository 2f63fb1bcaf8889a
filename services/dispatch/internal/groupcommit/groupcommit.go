// Package groupcommit lets many writers share a transaction: what is handed in
// while one is being committed goes into the next. A lone writer waits for
// nobody; under load a commit serves dozens, which is worth a factor of five in
// rows per second.
package groupcommit

import (
	"context"
	"slices"
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
	// Enough is how many items are worth another transaction while one is under
	// way already: fewer gather, for a small one costs nearly as much as a large
	// one. 0 means one.
	Enough int
	// Timeout of one transaction.
	Timeout time.Duration
}

// Writer commits items in groups. Run must be running for items to be
// committed.
type Writer[T any] struct {
	cfg   Config
	write func(context.Context, []T) error

	mu       sync.Mutex
	more     sync.Cond // there may be work, or no more
	queue    group[T]
	writing  int  // transactions under way
	stopping bool // what is queued is all there is
	over     bool // nobody writes any more
}

// group is items, and of each what is to be told and the span of its waiting.
type group[T any] struct {
	items []T
	done  []func(error)
	spans []trace.Span
}

func (g group[T]) with(item T, done func(error), span trace.Span) group[T] {
	return group[T]{append(g.items, item), append(g.done, done), append(g.spans, span)}
}

// split returns the first n, at most, and the others.
func (g group[T]) split(n int) (first, others group[T]) {
	if k := len(g.items); k <= n {
		return g, group[T]{make([]T, 0, k), make([]func(error), 0, k), make([]trace.Span, 0, k)}
	}
	return group[T]{g.items[:n:n], g.done[:n:n], g.spans[:n:n]}, group[T]{g.items[n:], g.done[n:], g.spans[n:]}
}

// New returns a writer that commits with write, all of a batch or nothing.
func New[T any](cfg Config, write func(context.Context, []T) error) *Writer[T] {
	w := &Writer[T]{cfg: cfg, write: write}
	w.more.L = &w.mu
	return w
}

// Hand hands an item in and returns. done is called once it is committed, or is
// not, or is not known to be; it holds up the next transaction until it
// returns.
func (w *Writer[T]) Hand(ctx context.Context, item T, done func(error)) {
	_, span := telemetry.Child(ctx, scope, "commit")
	w.mu.Lock()
	if w.over {
		w.mu.Unlock()
		tell(errStopping(), done, span)
		return
	}
	w.queue = w.queue.with(item, done, span)
	due := w.due()
	w.mu.Unlock()
	if due {
		w.more.Signal()
	}
}

// Commit returns nil once the item is committed. When it returns because of
// ctx, the item may still be.
func (w *Writer[T]) Commit(ctx context.Context, item T) error {
	done := make(chan error, 1)
	w.Hand(ctx, item, func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func errStopping() error { return fault.Unavailable("the service is stopping") }

// Run commits until ctx is done, then what is queued, and returns nil. Stop
// those who hand in first.
func (w *Writer[T]) Run(ctx context.Context) error {
	stopListening := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stopping = true
		w.more.Broadcast()
	})
	defer stopListening()
	base := context.WithoutCancel(ctx)
	var workers sync.WaitGroup
	for range w.cfg.Parallel {
		workers.Go(func() {
			for batch := w.next(); len(batch.items) > 0; batch = w.next() {
				w.commit(base, batch)
				w.ended()
			}
		})
	}
	workers.Wait()
	w.refuse()
	return nil
}

// next waits for a batch; it is empty once there will be none.
func (w *Writer[T]) next() group[T] {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.due() {
		if w.stopping {
			return group[T]{}
		}
		w.more.Wait()
	}
	w.writing++
	batch, rest := w.queue.split(w.cfg.MaxBatch)
	w.queue = rest
	if w.due() {
		w.more.Signal()
	}
	return batch
}

// due reports whether what is queued is to be committed now.
func (w *Writer[T]) due() bool {
	n := len(w.queue.items)
	return n > 0 && (w.writing == 0 || n >= w.cfg.Enough || w.stopping)
}

func (w *Writer[T]) ended() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writing--
}

// refuse tells those who came too late.
func (w *Writer[T]) refuse() {
	w.mu.Lock()
	late := w.queue
	w.queue, w.over = group[T]{}, true
	w.mu.Unlock()
	for i, done := range late.done {
		tell(errStopping(), done, late.spans[i])
	}
}

// commit writes a batch. One that is refused for what it holds is written item
// by item, so that a single bad one fails alone.
func (w *Writer[T]) commit(ctx context.Context, batch group[T]) {
	err := w.attempt(traced(ctx, batch.spans), batch.items)
	alone := err != nil && len(batch.items) > 1 && fault.Permanent(err)
	for i, done := range batch.done {
		if alone {
			err = w.attempt(ctx, batch.items[i:i+1])
		}
		tell(err, done, batch.spans[i])
	}
}

func tell(err error, done func(error), span trace.Span) {
	telemetry.Fail(span, err, fault.CodeOf(err).String())
	span.End()
	done(err)
}

func (w *Writer[T]) attempt(ctx context.Context, items []T) error {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Timeout)
	defer cancel()
	return w.write(ctx, items)
}

// traced returns ctx under the first span of a batch that is recorded.
func traced(ctx context.Context, spans []trace.Span) context.Context {
	ctx, first := telemetry.UnderFirst(ctx, slices.Values(spans))
	if first != nil {
		first.SetAttributes(attribute.Int("actionplane.commit.batch", len(spans)))
	}
	return ctx
}

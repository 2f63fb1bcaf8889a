package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/actionplane/actionplane/libs/pg"
)

// How a relay spends its time. They are limits of the design, not settings: a
// kick makes the normal case immediate, and these only bound the others.
const (
	pollInterval = time.Second            // finds rows whose kick was lost: a crash, another process
	drainTimeout = 5 * time.Second        // the last drain after ctx ended
	minPause     = 100 * time.Millisecond // after a first failed publish; doubles
	maxPause     = 10 * time.Second
)

// Publisher sends one message and returns once it is stored for good. It must
// treat two publishes with the same id as one where it can (JetStream:
// Nats-Msg-Id). ctx carries the trace that Add saw.
type Publisher interface {
	Publish(ctx context.Context, subject, id string, header map[string][]string, data []byte) error
}

// Relay publishes the outbox of one service. Any number of relays, in any
// number of replicas, may run on the same table.
type Relay struct {
	pool *pg.Pool
	to   Publisher
	log  *slog.Logger

	kick chan struct{} // holds a token when there is news
	turn chan struct{} // holds a token; whoever has it drains, so a relay uses one connection
}

// NewRelay returns a relay that publishes the rows of the pool's schema. It
// starts nothing.
func NewRelay(pool *pg.Pool, to Publisher, log *slog.Logger) *Relay {
	r := &Relay{pool: pool, to: to, log: log, kick: make(chan struct{}, 1), turn: make(chan struct{}, 1)}
	r.turn <- struct{}{}
	return r
}

// Kick says that a transaction with an Add has committed. It never blocks.
// Without it the row leaves with the next poll, within a second.
func (r *Relay) Kick() {
	select {
	case r.kick <- struct{}{}:
	default: // the token that is there covers this row too
	}
}

// Run publishes until ctx ends, then makes one last bounded effort to empty the
// outbox and returns nil. Failures of the database or of the publisher are
// logged and tried again; they never end it.
func (r *Relay) Run(ctx context.Context) error {
	var pause time.Duration
	for ctx.Err() == nil {
		sent, err := r.drain(ctx)
		if ctx.Err() != nil {
			break
		}
		pause = nextPause(pause, sent, err)
		if err != nil {
			r.log.WarnContext(ctx, "outbox.stalled", "schema", r.pool.Schema(), "retry_in", pause, "error", err)
		}
		r.idle(ctx, pause)
	}
	r.finish(ctx)
	return nil //nolint:nilerr // being stopped is no failure
}

// Flush publishes until everything that was committed before the call has left,
// whoever wrote it and whichever relay sends it, or until ctx ends. It works
// beside Run and without it.
func (r *Relay) Flush(ctx context.Context) error {
	var newest int64
	if err := r.pool.QueryRow(ctx, newestMessage).Scan(&newest); err != nil {
		return fmt.Errorf("read newest outbox row: %w", pg.Translate(err))
	}
	var pause time.Duration
	for {
		sent, left, err := r.drainBatch(ctx, newest)
		if err == nil && !left {
			return nil
		}
		if pause = nextPause(pause, sent, err); !sleep(ctx, pause) {
			return fmt.Errorf("flush outbox: %w", firstOf(err, ctx.Err()))
		}
	}
}

// drain publishes until the outbox is empty and returns how many rows it sent.
func (r *Relay) drain(ctx context.Context) (int, error) {
	total := 0
	for {
		sent, left, err := r.drainBatch(ctx, anySeq)
		total += sent
		if err != nil || !left {
			return total, err
		}
	}
}

// finish empties the outbox once more after ctx has ended, so that the last
// changes of a stopping service do not wait for its next start. What it cannot
// send stays, so a failure here is only worth a line.
func (r *Relay) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if _, err := r.drain(ctx); err != nil {
		r.log.InfoContext(ctx, "outbox.left_for_next_start", "schema", r.pool.Schema(), "error", err)
	}
}

// idle waits for pause, or where there is none for a kick or the next poll.
// Kicks do not shorten a pause: a broken bus is not asked once per change.
func (r *Relay) idle(ctx context.Context, pause time.Duration) {
	if pause > 0 {
		sleep(ctx, pause)
		return
	}
	poll := time.NewTimer(pollInterval)
	defer poll.Stop()
	select {
	case <-ctx.Done():
	case <-r.kick:
	case <-poll.C:
	}
}

// nextPause returns how long to wait after err: nothing after a success, a
// moment when something was sent before it, else twice as long as last time.
func nextPause(last time.Duration, sent int, err error) time.Duration {
	switch {
	case err == nil:
		return 0
	case sent > 0:
		return minPause
	}
	return min(max(2*last, minPause), maxPause)
}

// sleep waits for d and reports whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	return ctx.Err() == nil
}

// firstOf returns the first error that is one.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

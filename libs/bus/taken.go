package bus

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Taken is a message in hand. It is kept alive until whoever has it settles it,
// once, from any goroutine.
type Taken struct {
	Message

	of      *consuming
	receipt receipt
	room    int    // slots that it holds
	whole   *whole // what it is a part of, or was split into, if any
	since   time.Time
	ctx     context.Context //nolint:containedctx // lives exactly as long as the message is in hand
	span    trace.Span
}

// receipt tells a message's stream what became of it.
type receipt interface {
	Ack() error
	NakWithDelay(pause time.Duration) error
	TermWithReason(reason string) error
	InProgress() error
}

// Context has the identity and the trace that the message came with. Nobody
// cancels it.
func (t *Taken) Context() context.Context { return t.ctx }

// Settle says what became of the message: it is acknowledged after nil, and
// otherwise disposed of as disposition.go says. What is said a second time is
// not heard.
func (t *Taken) Settle(err error) {
	if t.whole != nil {
		t.whole.settle(t, err)
	} else {
		t.settle(err)
	}
}

func (t *Taken) settle(err error) {
	w := t.of
	if !w.leave(t) {
		return
	}
	t.answer(err)
	endProcess(t.span, err)
	w.measured(t.Subject).record(t.ctx, 1, t.since, err)
	w.free(t)
}

// Release gives the message back, with which nothing is wrong: it comes again at
// once, or in its turn where it was taken before.
func (t *Taken) Release() {
	if t.whole != nil {
		t.whole.settle(t, errReleased)
	} else {
		t.release()
	}
}

func (t *Taken) release() {
	w := t.of
	if !w.leave(t) {
		return
	}
	if err := t.receipt.NakWithDelay(0); err != nil {
		w.conn.log.WarnContext(t.ctx, "bus.settle", "consumer", w.cfg.Name, "error", err)
	}
	endProcess(t.span, nil)
	w.free(t)
}

// Guard calls f, which settles the messages, then or later. Where f panics, those
// that are not settled yet are settled with that.
func Guard(batch []*Taken, f func()) {
	defer func() {
		if r := recover(); r != nil {
			err := panicked(r)
			for _, t := range batch {
				t.Settle(err)
			}
		}
	}()
	f()
}

// Handle calls handle and settles the message with what that returns, or with
// an error where it panics.
func (t *Taken) Handle(handle func(context.Context, Message) error) {
	t.Settle(guarded(t.ctx, t.Message, handle))
}

// answer acknowledges as the error's class demands. An acknowledgement that
// gets lost means one more delivery, which handlers stand.
func (t *Taken) answer(err error) {
	var settled error
	log, name := t.of.conn.log, t.of.cfg.Name
	switch dispose(err) {
	case ack:
		settled = t.receipt.Ack()
	case term:
		t.refused(err)
		settled = t.receipt.TermWithReason(oneLine(err.Error()))
	case nak:
		log.WarnContext(t.ctx, "bus.message_failed", "consumer", name, "subject", t.Subject, "delivered", t.Delivered, "error", err)
		settled = t.receipt.NakWithDelay(nakPause(t.Delivered))
	}
	if settled != nil {
		log.WarnContext(t.ctx, "bus.settle", "consumer", name, "error", settled)
	}
}

func (t *Taken) refused(err error) {
	t.of.conn.log.ErrorContext(t.ctx, "bus.message_refused", "consumer", t.of.cfg.Name, "subject", t.Subject, "error", err)
}

// ConsumeTogether is Consume for a handler that takes messages together: what
// came while it was busy with those before, at most Concurrency, in the order in
// which it came. It is called by one goroutine and holds up the messages behind
// until it returns. Each of them is settled, then or later; those of a handler
// that panics are. It returns once all are settled; the handler's ctx outlives
// ctx.
func (c *Conn) ConsumeTogether(ctx context.Context, cfg Consumer, handle func(context.Context, []*Taken)) error {
	cfg = cfg.withDefaults()
	base := context.WithoutCancel(ctx)
	queue, done := make(chan *Taken, cfg.Concurrency), make(chan struct{})
	go func() {
		defer close(done)
		for first := range queue {
			batch := together(first, queue, cfg.Concurrency)
			Guard(batch, func() { handle(base, batch) })
		}
	}()
	err := c.consume(ctx, cfg, func(t *Taken) { queue <- t })
	close(queue)
	<-done
	return err
}

// together returns first and what else is there.
func together(first *Taken, queue <-chan *Taken, most int) []*Taken {
	batch := append(make([]*Taken, 0, min(most, 1+len(queue))), first)
	for len(batch) < most {
		select {
		case next, open := <-queue:
			if !open {
				return batch
			}
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

package bus

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/contract"
)

// Message is a message of a stream.
type Message struct {
	Subject string
	Header  map[string][]string
	Data    []byte
	// Sequence in the stream.
	Sequence uint64
	// Part is which it is of a message that was split, from 0.
	Part int
	// Delivered is how often it was delivered, this time included.
	Delivered uint64
	// Stored is when the stream took it.
	Stored time.Time
}

// ID returns the message id its publisher gave it.
func (m Message) ID() string { return get(m.Header, nats.MsgIdHdr) }

// IsJSON reports whether the publisher says that the data is JSON; otherwise
// it is protobuf.
func (m Message) IsJSON() bool { return isJSON(get(m.Header, contract.HeaderContentType)) }

// Consumer describes a durable consumer: replicas of a service share one.
type Consumer struct {
	Stream string
	Name   string
	// Filter restricts it to subjects; empty: all.
	Filter []string
	// Concurrency is how many messages one replica handles at once; 0 means
	// 64.
	Concurrency int
	// Weigh says how many messages one counts for, up to Concurrency; nil: one.
	Weigh func(Message) int
	// AckWait is how long a silent replica keeps a message; 0 means 10 s. A
	// handler that takes longer keeps it alive by itself.
	AckWait time.Duration
}

// Consume handles the consumer's messages until ctx is done, then finishes
// those in hand and returns nil. A message whose handler fails is disposed of
// as disposition.go says. It is handled at least once; handlers are
// idempotent. The handler's ctx outlives ctx.
func (c *Conn) Consume(ctx context.Context, cfg Consumer, handle func(context.Context, Message) error) error {
	var work sync.WaitGroup
	defer work.Wait()
	return c.consume(ctx, cfg, func(t *Taken) {
		work.Go(func() { t.Handle(handle) })
	})
}

// guarded calls the handler. A panic there is a failure of that message alone.
func guarded(ctx context.Context, m Message, handle func(context.Context, Message) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked(r)
		}
	}()
	return handle(ctx, m)
}

func panicked(r any) error {
	return fault.Internal("internal error").Because(fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
}

// consume gives the consumer's messages to hand, which does not wait, until ctx
// is done, and returns once all are settled.
func (c *Conn) consume(ctx context.Context, cfg Consumer, hand func(*Taken)) error {
	cfg = cfg.withDefaults()
	var consumer jetstream.Consumer
	err := patiently(ctx, func() (err error) {
		consumer, err = c.js.CreateOrUpdateConsumer(ctx, cfg.Stream, jetstream.ConsumerConfig{
			Durable:        cfg.Name,
			FilterSubjects: cfg.Filter,
			AckPolicy:      jetstream.AckExplicitPolicy,
			AckWait:        cfg.AckWait,
			MaxAckPending:  16 * cfg.Concurrency,
		})
		return err
	})
	if err != nil {
		return unlessStopped(ctx, fmt.Errorf("ensure consumer %s of %s: %w", cfg.Name, cfg.Stream, err))
	}
	w := &consuming{conn: c, cfg: cfg, base: context.WithoutCancel(ctx), hand: hand, slots: make(chan struct{}, cfg.Concurrency), inHand: map[*Taken]struct{}{}}
	stopKeeping := w.keepAlive()
	defer stopKeeping()
	stopWatching, err := c.watchLag(cfg)
	if err != nil {
		return err
	}
	defer stopWatching()
	running, err := consumer.Consume(w.take, jetstream.PullMaxMessages(max(8, cfg.Concurrency/2)),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
			if !errors.Is(err, jetstream.ErrNoHeartbeat) && !errors.Is(err, nats.ErrConnectionClosed) {
				c.log.Warn("bus.consume", "consumer", cfg.Name, "error", err)
			}
		}))
	if err != nil {
		return fmt.Errorf("consume %s of %s: %w", cfg.Name, cfg.Stream, err)
	}
	<-ctx.Done()
	running.Drain()
	<-running.Closed()
	w.work.Wait()
	return nil
}

// unlessStopped returns err, which kept something from starting, but for one
// that comes of being told to stop meanwhile.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // there is nothing left to drain
	}
	return err
}

func (c Consumer) withDefaults() Consumer {
	if c.Concurrency == 0 {
		c.Concurrency = 64
	}
	if c.AckWait == 0 {
		c.AckWait = 10 * time.Second
	}
	return c
}

// consuming is one call of consume.
type consuming struct {
	conn   *Conn
	cfg    Consumer
	base   context.Context //nolint:containedctx // lives exactly as long as one call of consume
	hand   func(*Taken)
	slots  chan struct{}
	work   sync.WaitGroup
	kind   sync.Once
	series *messageSeries

	mu     sync.Mutex
	inHand map[*Taken]struct{}
}

// take hands a message out once a slot is free: JetStream's own callback runs
// one at a time, and waiting here is what holds the stream back.
func (w *consuming) take(msg jetstream.Msg) {
	meta, err := msg.Metadata()
	if err != nil {
		w.conn.log.Error("bus.metadata", "consumer", w.cfg.Name, "error", err)
		return
	}
	w.hand(w.begin(msg, Message{
		Subject:   msg.Subject(),
		Header:    msg.Headers(),
		Data:      msg.Data(),
		Sequence:  meta.Sequence.Stream,
		Delivered: meta.NumDelivered,
		Stored:    meta.Timestamp,
	}))
}

// begin takes a message in hand once there is room for it.
func (w *consuming) begin(receipt receipt, m Message) *Taken {
	room := 1
	if w.cfg.Weigh != nil {
		room = max(1, min(w.cfg.Weigh(m), cap(w.slots)))
	}
	for range room {
		w.slots <- struct{}{}
	}
	w.work.Add(1)
	t := &Taken{Message: m, of: w, receipt: receipt, room: room, since: time.Now()}
	t.ctx, t.span = w.conn.startProcess(incoming(w.base, t.Header), w.cfg.Name, t.Message)
	w.mu.Lock()
	w.inHand[t] = struct{}{}
	w.mu.Unlock()
	return t
}

// leave forgets a message, which is no longer kept alive then. It is false
// where that has been done.
func (w *consuming) leave(t *Taken) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, in := w.inHand[t]
	delete(w.inHand, t)
	return in
}

// free makes room for others.
func (w *consuming) free(t *Taken) {
	for range t.room {
		<-w.slots
	}
	w.work.Done()
}

// measured returns the series of what is consumed, which is all of a kind.
func (w *consuming) measured(subject string) *messageSeries {
	w.kind.Do(func() { w.series = w.conn.meters.newProcess(w.cfg.Name, subject) })
	return w.series
}

// keepAlive tells the server which messages are still in hand, until stopped:
// one timer for all, for most are done long before the first is told of.
func (w *consuming) keepAlive() (stop func()) {
	ticker, over, ended := time.NewTicker(w.cfg.AckWait/4), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case now := <-ticker.C:
				w.keep(now)
			case <-over:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(over)
		<-ended
	}
}

// keep tells of those that are in hand for a quarter of the time that they may
// be, and so again a quarter later. It holds the lock so that none is told of
// once it is settled.
func (w *consuming) keep(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for t := range w.inHand {
		if now.Sub(t.since) < w.cfg.AckWait/4 {
			continue
		}
		if err := t.receipt.InProgress(); err != nil {
			w.conn.log.Warn("bus.keep_alive", "consumer", w.cfg.Name, "error", err)
		}
	}
}

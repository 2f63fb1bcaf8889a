package bus

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Follow reads the messages that a stream takes from now on, in order, one at
// a time, until ctx is done; then it returns nil. ready is called first with
// the sequence of the stream's last message: what handle gets follows it
// without a gap. It survives reconnects and restarts of the server.
func (c *Conn) Follow(ctx context.Context, stream string, filter []string, ready func(last uint64), handle func(Message)) error {
	var last uint64
	var consumer jetstream.Consumer
	err := patiently(ctx, func() error {
		s, err := c.js.Stream(ctx, stream)
		if err != nil {
			return err
		}
		last = s.CachedInfo().State.LastSeq
		consumer, err = c.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{
			FilterSubjects: filter,
			DeliverPolicy:  jetstream.DeliverByStartSequencePolicy,
			OptStartSeq:    last + 1,
		})
		return err
	})
	if err != nil {
		return unlessStopped(ctx, fmt.Errorf("follow stream %s: %w", stream, err))
	}
	ready(last)
	running, err := consumer.Consume(func(msg jetstream.Msg) {
		meta, err := msg.Metadata()
		if err != nil {
			c.log.Error("bus.metadata", "stream", stream, "error", err)
			return
		}
		m := Message{
			Subject: msg.Subject(), Header: msg.Headers(), Data: msg.Data(),
			Sequence: meta.Sequence.Stream, Delivered: 1, Stored: meta.Timestamp,
		}
		span := c.startFollowed(ctx, m)
		handle(m)
		span.End()
	})
	if err != nil {
		return fmt.Errorf("follow stream %s: %w", stream, err)
	}
	<-ctx.Done()
	running.Stop()
	<-running.Closed()
	return nil
}

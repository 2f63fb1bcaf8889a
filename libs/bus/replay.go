package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Replay hands over the messages of a stream that match filter, in order and
// one at a time, up to the last one there is at the time of the call. An error
// of handle ends it and is returned.
func (c *Conn) Replay(ctx context.Context, stream, filter string, handle func(Message) error) error {
	s, err := c.js.Stream(ctx, stream)
	if err != nil {
		return fmt.Errorf("look up stream %s: %w", stream, err)
	}
	last, err := s.GetLastMsgForSubject(ctx, filter)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for the last message on %s: %w", filter, err)
	}
	consumer, err := c.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{FilterSubjects: []string{filter}})
	if err != nil {
		return fmt.Errorf("replay stream %s: %w", stream, err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		return fmt.Errorf("replay stream %s: %w", stream, err)
	}
	defer messages.Stop()
	stop := context.AfterFunc(ctx, messages.Stop)
	defer stop()
	for {
		msg, err := messages.Next()
		if err != nil {
			return fmt.Errorf("replay stream %s: %w", stream, errors.Join(err, ctx.Err()))
		}
		meta, err := msg.Metadata()
		if err != nil {
			return fmt.Errorf("replay stream %s: %w", stream, err)
		}
		if err := handle(Message{
			Subject: msg.Subject(), Header: msg.Headers(), Data: msg.Data(),
			Sequence: meta.Sequence.Stream, Delivered: 1, Stored: meta.Timestamp,
		}); err != nil {
			return err
		}
		if meta.Sequence.Stream >= last.Sequence {
			return nil
		}
	}
}

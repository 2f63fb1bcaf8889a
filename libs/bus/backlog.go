package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Backlog tells how far a durable consumer has come: every message of the
// stream up to acked is acknowledged or gone, and last is the sequence of the
// stream's last message, which is read before. Of a stream or consumer that is
// not there yet, nothing is: 0.
func (c *Conn) Backlog(ctx context.Context, stream, consumer string) (acked, last uint64, err error) {
	s, err := c.js.Stream(ctx, stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("look up stream %s: %w", stream, err)
	}
	last = s.CachedInfo().State.LastSeq
	found, err := s.Consumer(ctx, consumer)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, last, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("look up consumer %s of %s: %w", consumer, stream, err)
	}
	info := found.CachedInfo()
	acked = info.AckFloor.Stream
	if info.NumPending == 0 && info.NumAckPending == 0 { // also where what it never saw is gone
		acked = max(acked, last)
	}
	return acked, last, nil
}

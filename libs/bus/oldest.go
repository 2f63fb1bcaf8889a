package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Oldest tells how far back a stream goes: when it took the oldest message that
// it has, the zero time where it has none, and for how long it keeps messages, 0
// for ever. A stream that is not there has none.
func (c *Conn) Oldest(ctx context.Context, stream string) (stored time.Time, maxAge time.Duration, err error) {
	s, err := c.js.Stream(ctx, stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return time.Time{}, 0, nil
	}
	if err != nil {
		return time.Time{}, 0, fmt.Errorf("look up stream %s: %w", stream, err)
	}
	info := s.CachedInfo()
	if info.State.Msgs > 0 {
		stored = info.State.FirstTime
	}
	return stored, info.Config.MaxAge, nil
}

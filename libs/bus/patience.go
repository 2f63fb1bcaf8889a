package bus

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// patiently calls open again while JetStream cannot say yes or no, for as long
// as a cluster may take to choose who can. What it does say stands.
func patiently(ctx context.Context, open func() error) error {
	giveUp := time.Now().Add(ensureWindow)
	for {
		err := open()
		if err == nil || !undecided(err) || ctx.Err() != nil || time.Now().After(giveUp) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * retryPause):
		}
	}
}

// undecided reports an error that says nothing about what was asked for: nobody
// answered in time, or nobody leads at the moment.
func undecided(err error) bool {
	if api := (*jetstream.APIError)(nil); errors.As(err, &api) {
		return api.Code == http.StatusServiceUnavailable
	}
	for _, unanswered := range []error{context.DeadlineExceeded, nats.ErrTimeout, nats.ErrNoResponders, nats.ErrDisconnected, jetstream.ErrNoStreamResponse} {
		if errors.Is(err, unanswered) {
			return true
		}
	}
	return false
}

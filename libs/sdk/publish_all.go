package sdk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// publishWindow is how many events of a PublishAll are under way at once.
	publishWindow = 1000
	// asyncAckTimeout bounds how long an acknowledgement is waited for that
	// never comes, when nobody waits for it any more.
	asyncAckTimeout = 30 * time.Second
)

// PublishAll stores events in their order, without waiting for each, and
// returns their ids once all are stored. An event that is invalid is named,
// "events[3]", and none is stored then.
//
// When it returns another error, some of the events may be stored. The ids are
// those that the events have or were given even so: published again with them
// within two minutes, each is stored once; with Config.EventsPerMessage
// where all are published again in the same order, and otherwise each is delivered
// once.
func (c *Client) PublishAll(ctx context.Context, events []Event) (ids []string, err error) {
	for i, e := range events {
		if err := checkEvent(e); err != nil {
			return nil, inEvents(i, err)
		}
	}
	ctx, done := c.span(ctx, publishing(len(events)))
	ids, err = c.publishAll(ctx, events)
	done(err)
	return ids, err
}

// publishAll publishes events that are valid.
func (c *Client) publishAll(ctx context.Context, events []Event) ([]string, error) {
	messages, ids, err := c.eventMessages(ctx, events)
	if err != nil {
		return nil, err
	}
	ctx, cancel := withDefaultTimeout(ctx)
	defer cancel()
	for window := range slices.Chunk(messages, publishWindow) {
		if err := c.publishWindow(ctx, window); err != nil {
			return ids, err
		}
	}
	return ids, nil
}

// eventMessages returns how events travel: each as a message, or several together.
func (c *Client) eventMessages(ctx context.Context, events []Event) (messages []*nats.Msg, ids []string, err error) {
	messages, ids = make([]*nats.Msg, 0, len(events)), make([]string, 0, len(events))
	for len(ids) < len(events) {
		rest := events[len(ids):]
		msg, some, at, err := c.eventsMessage(ctx, rest[:c.together(rest)])
		if err != nil {
			return nil, nil, inEvents(len(ids)+at, err)
		}
		messages, ids = append(messages, msg), append(ids, some...)
	}
	return messages, ids, nil
}

// publishWindow sends messages and then awaits all of them.
func (c *Client) publishWindow(ctx context.Context, messages []*nats.Msg) error {
	sent := make([]jetstream.PubAckFuture, 0, len(messages))
	var failed error
	stall := jetstream.WithStallWait(defaultTimeout)
	for _, m := range messages {
		future, err := c.js.PublishMsgAsync(m, stall)
		if err != nil {
			failed = err
			break // those behind it stay behind it
		}
		sent = append(sent, future)
	}
	if unanswered := awaitAll(ctx, sent); failed == nil {
		failed = unanswered
	}
	if failed != nil {
		return publishError(failed)
	}
	return nil
}

// awaitAll returns why the first that is not acknowledged is not. It begins with
// the last: a stream acknowledges in order, so that one waits once and not for
// each.
func awaitAll(ctx context.Context, sent []jetstream.PubAckFuture) (failed error) {
	for _, future := range slices.Backward(sent) {
		if err := acknowledged(ctx, future); err != nil {
			failed = err
		}
	}
	return failed
}

// acknowledged waits for an answer. Whether there is a good one already is looked
// at first, for channels are made when they are asked for; and where there is one
// that is not, it says more than that time ran out for others.
func acknowledged(ctx context.Context, future jetstream.PubAckFuture) error {
	ok := future.Ok()
	select {
	case <-ok:
		return nil
	default:
	}
	refused := future.Err()
	select {
	case <-ok:
		return nil
	case err := <-refused:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-refused:
		return err
	default:
		return ctx.Err()
	}
}

// inEvents says which event an error is about.
func inEvents(i int, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	return &Error{Code: e.Code, ID: e.ID, Message: fmt.Sprintf("events[%d]: %s", i, e.Message), cause: e.cause}
}

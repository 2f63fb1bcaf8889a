package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/contract"
)

// Publish stores a message in the stream that listens to subject and returns
// once it is stored. The same id within the stream's duplicate window is
// stored once. header may be nil; identity and trace of ctx are added where it
// does not name them. UNAVAILABLE: not stored, or not known to be.
// RESOURCE_EXHAUSTED: not stored, for the stream is full.
func (c *Conn) Publish(ctx context.Context, subject, id string, header map[string][]string, data []byte) error {
	start := time.Now()
	ctx, span := c.startSend(ctx, subject, 1)
	err := c.publish(ctx, subject, id, header, data)
	endProcess(span, err)
	c.meters.send(ctx, subject, 1, start, err)
	return err
}

func (c *Conn) publish(ctx context.Context, subject, id string, header map[string][]string, data []byte) error {
	h := outgoing(ctx)
	delete(h, contract.HeaderTimeout) // nobody waits
	for k, v := range header {
		h[k] = v
	}
	if id != "" {
		h[nats.MsgIdHdr] = []string{id}
	}
	ctx, cancel := withDefaultTimeout(ctx)
	defer cancel()
	_, err := c.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Header: h, Data: data})
	return publishError(subject, err)
}

func publishError(subject string, err error) error {
	var api *jetstream.APIError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrMaxPayload):
		return fault.Invalid("the message is larger than the bus allows").Because(err)
	case errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamNotFound,
		errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return fault.Unavailable("no stream takes %s", subject).Because(err)
	case api != nil && contract.StreamIsFull(uint16(api.ErrorCode), api.Description):
		return fault.Exhausted("the stream is full (%s): the message is not stored", api.Description).Because(err)
	}
	return fault.Unavailable("the bus did not store the message").Because(err)
}

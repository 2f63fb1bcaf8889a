package sdk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strconv"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
)

// eventRoom is what an event takes beside its payload, about.
const eventRoom = 256

// together is how many of the first events go into one message. There is at least
// one.
func (c *Client) together(events []Event) int {
	return contract.EventsTogether(len(events), c.perMessage, func(i int) contract.Packing {
		e := &events[i]
		return contract.Packing{Type: e.Type, Alone: e.OrderingKey != "", Size: len(e.Payload) + eventRoom}
	})
}

// eventsMessage completes events of one type and returns how they travel, as one
// message. The stream knows several by the ids of all: the same events, published
// together again, are stored once. On an error at says which event it is about.
func (c *Client) eventsMessage(ctx context.Context, events []Event) (msg *nats.Msg, ids []string, at int, err error) {
	if len(events) == 1 {
		msg, id, err := c.eventMessage(ctx, events[0])
		return msg, []string{id}, 0, err
	}
	all, of := &eventsv1.EventBatch{Events: make([]*eventsv1.Event, len(events))}, sha256.New()
	for i, e := range events {
		e = completed(e)
		ids = append(ids, e.ID)
		all.Events[i] = eventProto(e)
		_, _ = io.WriteString(of, e.ID+"\n") // never fails
	}
	data, err := proto.Marshal(all)
	if err != nil {
		return nil, nil, unencodable(all), &Error{Code: CodeInvalid, Message: "the event cannot be encoded", cause: err}
	}
	id := "batch-" + hex.EncodeToString(of.Sum(nil)[:16])
	msg = c.message(ctx, events[0].Type, id, data)
	msg.Header[contract.HeaderEvents] = []string{strconv.Itoa(len(events))}
	return msg, ids, 0, nil
}

// unencodable is which event of a batch it is that cannot be encoded.
func unencodable(of *eventsv1.EventBatch) int {
	for i, e := range of.GetEvents() {
		if _, err := proto.Marshal(e); err != nil {
			return i
		}
	}
	return 0
}

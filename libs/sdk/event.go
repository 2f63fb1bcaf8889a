package sdk

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	"github.com/actionplane/actionplane/proto/jsontext"
)

// Event is something that happened.
type Event struct {
	// ID is the same when the event is published again; "" gets a random one.
	// At most 200 visible characters, no dots.
	ID string
	// Type is a dotted name, e.g. "user.human.added".
	Type string
	// Payload is a JSON object; empty: none.
	Payload []byte
	// OrderingKey keeps deliveries of the same key in order.
	OrderingKey  string
	Organization string
	User         string
	// The aggregate the event belongs to, where there is one.
	AggregateID, AggregateType, Version string
	Sequence                            uint64
	// CreatedAt is when it happened; zero: now.
	CreatedAt time.Time
	// Attributes are what else there is to say, by lower-case name, at most
	// 32: of a CloudEvent its source, subject and extensions.
	Attributes map[string]string
}

// Publish stores the event and returns its id. When it returns an error the
// event may or may not be stored: publishing it again with the same ID within
// two minutes stores it once. CodeExhausted: it is not, for the stream of events
// is full.
func (c *Client) Publish(ctx context.Context, e Event) (id string, err error) {
	if err := checkEvent(e); err != nil {
		return "", err
	}
	ctx, done := c.span(ctx, publishing(1))
	id, err = c.publish(ctx, e)
	done(err)
	return id, err
}

// publishing is the publishing of n events.
func publishing(n int) Operation {
	return Operation{Destination: contract.SubjectTemplate(contract.EventSubjects), Events: n}
}

func (c *Client) publish(ctx context.Context, e Event) (string, error) {
	msg, id, err := c.eventMessage(ctx, e)
	if err != nil {
		return "", err
	}
	ctx, cancel := withDefaultTimeout(ctx)
	defer cancel()
	if _, err = c.js.PublishMsg(ctx, msg); err != nil {
		return "", publishError(err)
	}
	return id, nil
}

// eventMessage completes an event and returns how it travels.
func (c *Client) eventMessage(ctx context.Context, e Event) (msg *nats.Msg, id string, err error) {
	e = completed(e)
	data, err := proto.Marshal(eventProto(e))
	if err != nil {
		return nil, "", &Error{Code: CodeInvalid, Message: "the event cannot be encoded", cause: err}
	}
	return c.message(ctx, e.Type, e.ID, data), e.ID, nil
}

// completed fills in what was left out.
func completed(e Event) Event {
	if e.ID == "" {
		e.ID = newID()
	}
	if e.CreatedAt.IsZero() {
		e.CreatedAt = time.Now()
	}
	return e
}

// message is stored once under its id.
func (c *Client) message(ctx context.Context, eventType, id string, data []byte) *nats.Msg {
	h := nats.Header{contract.HeaderTenant: {c.tenant}, nats.MsgIdHdr: {contract.EventMessageID(c.tenant, id)}}
	c.inject(ctx, h)
	return &nats.Msg{Subject: contract.EventSubject(c.tenant, eventType), Header: h, Data: data}
}

func withDefaultTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, defaultTimeout)
}

func publishError(err error) error {
	var api *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrNoStreamResponse):
		return &Error{Code: CodeUnavailable, Message: "Actionplane is not available", cause: err}
	case errors.As(err, &api) && contract.StreamIsFull(uint16(api.ErrorCode), api.Description):
		return &Error{Code: CodeExhausted, Message: "the stream of events is full (" + api.Description + "): the event is not stored", cause: err}
	}
	return transportError(err)
}

func checkEvent(e Event) error {
	payload := bytes.TrimSpace(e.Payload)
	switch {
	case !isID(e.ID):
		return &Error{Code: CodeInvalid, Message: "event id: at most 200 visible characters and no dots"}
	case !isType(e.Type):
		return &Error{Code: CodeInvalid, Message: "event type: must be a dotted name like user.human.added"}
	case len(payload) > 0 && !jsontext.IsObject(payload):
		return &Error{Code: CodeInvalid, Message: "event payload: must be a JSON object"}
	case len(e.Attributes) > 32:
		return &Error{Code: CodeInvalid, Message: "event attributes: at most 32"}
	}
	return nil
}

// isType reports whether t is dotted segments of visible characters, without
// the wildcards of a subject and the slash of a condition's id.
func isType(t string) bool {
	if !utf8.ValidString(t) || utf8.RuneCountInString(t) > 1000 || strings.ContainsAny(t, "*>/") || strings.ContainsFunc(t, invisible) {
		return false
	}
	for segment := range strings.SplitSeq(t, ".") {
		if segment == "" {
			return false
		}
	}
	return true
}

func invisible(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }

// isID reports whether id can be a message's; "" gets one.
func isID(id string) bool {
	return utf8.ValidString(id) && utf8.RuneCountInString(id) <= 200 && !strings.Contains(id, ".") && !strings.ContainsFunc(id, invisible)
}

func eventProto(e Event) *eventsv1.Event {
	return &eventsv1.Event{
		Id: e.ID, Type: e.Type, Payload: e.Payload, OrderingKey: e.OrderingKey, OrganizationId: e.Organization,
		UserId: e.User, AggregateId: e.AggregateID, AggregateType: e.AggregateType, Version: e.Version,
		Sequence: e.Sequence, CreatedAt: timestamppb.New(e.CreatedAt), Attributes: e.Attributes,
	}
}

// newID returns an id of which there is no other. Later ones sort behind earlier
// ones, which keeps the index that Actionplane finds events by small and warm.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[6:]) // never fails
	ms := time.Now().UnixMilli()
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	return hex.EncodeToString(b[:])
}

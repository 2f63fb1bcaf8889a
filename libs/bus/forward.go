package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/contract"
)

type inboundKey struct{}

// Forward hands the call that ctx belongs to on to the owner of m, with
// another request but the caller's reply inbox, and returns ErrForwarded for
// the handler to return. It waits until the other owner says that it has taken
// the call, while that one is at work already: NATS tells of a missing
// responder only who published, and the caller would wait until its deadline.
// UNAVAILABLE: nobody took it within ReconnectWindow. Outside a handler it is
// an error.
func (c *Conn) Forward(ctx context.Context, m *contract.Method, req proto.Message) error {
	inbound, ok := ctx.Value(inboundKey{}).(*nats.Msg)
	if !ok || inbound.Reply == "" {
		return errors.New("forward: the context is not that of a call")
	}
	data, err := proto.Marshal(req)
	if err != nil {
		return fault.Internal("%s: encode the request", m.FullName).Because(err)
	}
	start := time.Now()
	ctx, span := c.startCall(ctx, m)
	h := outgoing(ctx)
	if wantsJSON(inbound.Header) {
		set(h, contract.HeaderAccept, jsonType)
	}
	h[contract.HeaderChecked] = []string{"1"} // built by ourselves
	h[contract.HeaderReplyTo] = []string{inbound.Reply}
	_, err = c.request(ctx, &nats.Msg{Subject: subject(ctx, m), Header: h, Data: data})
	if err != nil {
		err = callError(m, err)
	}
	endCall(span, err)
	c.meters.call(ctx, m, start, err)
	if err != nil {
		return err
	}
	return ErrForwarded
}

// accept takes a call. One that was handed on is acknowledged to who did so,
// and is answered to the caller itself.
func (c *Conn) accept(msg *nats.Msg) (*nats.Msg, error) {
	caller := get(msg.Header, contract.HeaderReplyTo)
	if caller == "" {
		return msg, nil
	}
	err := c.nc.Publish(msg.Reply, nil)
	return &nats.Msg{Subject: msg.Subject, Reply: caller, Header: msg.Header, Data: msg.Data}, err
}

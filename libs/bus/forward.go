package bus

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/contract"
)

type inboundKey struct{}

// Forward hands the call that ctx belongs to on to the owner of m, with
// another request but the caller's reply inbox, and returns ErrForwarded for
// the handler to return. Where nobody takes it, the caller is told by NATS
// itself and sends its call again. Outside a handler it is an error.
func (c *Conn) Forward(ctx context.Context, m *contract.Method, req proto.Message) error {
	inbound, ok := ctx.Value(inboundKey{}).(*nats.Msg)
	if !ok || inbound.Reply == "" {
		return errors.New("forward: the context is not that of a call")
	}
	data, err := proto.Marshal(req)
	if err != nil {
		return fault.Internal("%s: encode the request", m.FullName).Because(err)
	}
	h := outgoing(ctx)
	if wantsJSON(inbound.Header) {
		set(h, contract.HeaderAccept, jsonType)
	}
	h[contract.HeaderChecked] = []string{"1"} // built by ourselves
	err = c.nc.PublishMsg(&nats.Msg{Subject: subject(ctx, m), Reply: inbound.Reply, Header: h, Data: data})
	if err != nil {
		return callError(m, err)
	}
	return ErrForwarded
}

package bus

import (
	"context"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/proto/contract"
)

type approvalKey struct{}

// WithApproval marks the calls made under ctx as executing an approved
// request. It does not travel on: calls that their owners make in turn are
// their own.
func WithApproval(ctx context.Context, requestID string) context.Context {
	return context.WithValue(ctx, approvalKey{}, requestID)
}

// Inbound is a call as it came over the bus.
type Inbound struct {
	// Data is the request, byte for byte.
	Data []byte
	// Approval is the request that the caller claims to execute; empty: none.
	// Only approvals knows whether it is true.
	Approval string
}

// InboundOf returns the call that a handler's ctx belongs to; false outside a
// handler.
func InboundOf(ctx context.Context) (Inbound, bool) {
	msg, ok := ctx.Value(inboundKey{}).(*nats.Msg)
	if !ok {
		return Inbound{}, false
	}
	return Inbound{Data: msg.Data, Approval: get(msg.Header, contract.HeaderApproval)}, true
}

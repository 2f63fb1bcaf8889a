package edge

import (
	"context"
	"net/http"
	"strings"
)

// The protocols that carry calls.
const (
	ProtocolREST    = "rest"
	ProtocolGRPC    = "grpc"
	ProtocolGRPCWeb = "grpc-web"
	ProtocolConnect = "connect"
)

// incoming is what the door wants to know of the request behind a call.
type incoming struct {
	header   http.Header
	protocol string
}

type incomingKey struct{}

// WithIncoming returns r with a context in which Call finds its headers and
// the protocol it speaks.
func WithIncoming(r *http.Request, protocol string) *http.Request {
	in := incoming{header: r.Header, protocol: protocol}
	return r.WithContext(context.WithValue(r.Context(), incomingKey{}, in))
}

func incomingOf(ctx context.Context) incoming {
	in, _ := ctx.Value(incomingKey{}).(incoming)
	return in
}

// bearer returns the token of the Authorization header; "" where there is
// none.
func (in incoming) bearer() string {
	scheme, token, ok := strings.Cut(in.header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

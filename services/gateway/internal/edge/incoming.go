package edge

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/actionplane/actionplane/libs/fault"
)

// The protocols that carry calls.
const (
	ProtocolREST    = "rest"
	ProtocolGRPC    = "grpc"
	ProtocolGRPCWeb = "grpc-web"
	ProtocolConnect = "connect"
)

// Visit is what the door wants to know of the request behind a call, and what
// it finds out about it.
type Visit struct {
	header   http.Header
	protocol string
	method   string // of HTTP, and path: they live as long as the call
	path     string
	token    atomic.Uint32 // what became of it
}

const (
	tokenUnseen = iota
	tokenGood
	tokenBad
)

type visitKey struct{}

// WithVisit returns r with a context in which Call finds its headers and the
// protocol it speaks.
func WithVisit(r *http.Request, protocol string) (*http.Request, *Visit) {
	v := &Visit{header: r.Header, protocol: protocol, method: r.Method, path: r.URL.Path}
	return r.WithContext(context.WithValue(r.Context(), visitKey{}, v)), v
}

func visitOf(ctx context.Context) *Visit {
	if v, ok := ctx.Value(visitKey{}).(*Visit); ok {
		return v
	}
	return &Visit{}
}

// Welcome reports whether the token was somebody's.
func (v *Visit) Welcome() bool { return v.token.Load() == tokenGood }

// Stranger reports whether the token was nobody's.
func (v *Visit) Stranger() bool { return v.token.Load() == tokenBad }

// found notes what asking for the token's holder has told.
func (v *Visit) found(err error) {
	switch fault.CodeOf(err) {
	case 0, fault.CodePermissionDenied:
		v.token.Store(tokenGood)
	case fault.CodeUnauthenticated:
		v.token.Store(tokenBad)
	}
}

// Bearer returns the token of the Authorization header; "" where there is
// none.
func Bearer(h http.Header) string {
	scheme, token, ok := strings.Cut(h.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

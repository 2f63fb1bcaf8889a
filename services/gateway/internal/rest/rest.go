// Package rest serves the REST bindings of the public API: grpc-gateway's
// generated handlers, whose mapping of bodies, query parameters and names is
// that of the original APIs, with our JSON and our errors.
package rest

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/proto/contract"
	"github.com/actionplane/actionplane/proto/gen/go/edge"
)

// New returns the handler of all REST paths. Calls go to door. A body of more
// than maxRequest bytes is refused.
func New(ctx context.Context, maxRequest int, door contract.Caller) (http.Handler, error) {
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, newMarshaler()),
		runtime.WithErrorHandler(errorHandler),
		runtime.WithRoutingErrorHandler(routingErrorHandler),
		runtime.WithForwardResponseOption(successStatus(methods())),
		runtime.WithIncomingHeaderMatcher(noHeader),
		runtime.WithOutgoingHeaderMatcher(noHeader),
		runtime.WithDisablePathLengthFallback(),
	)
	for _, s := range edge.Services {
		if err := s.REST(ctx, mux, door); err != nil {
			return nil, fmt.Errorf("mount %s: %w", s.Name, err)
		}
	}
	return checked(maxRequest, mux), nil
}

// noHeader keeps headers out of gRPC metadata: the door reads the request's
// own.
func noHeader(string) (string, bool) { return "", false }

func methods() map[string]*contract.Method {
	all := map[string]*contract.Method{}
	for _, s := range edge.Services {
		for _, m := range s.Methods {
			all[m.FullName] = m
		}
	}
	return all
}

// successStatus writes the status that the method's contract asks for.
func successStatus(all map[string]*contract.Method) func(context.Context, http.ResponseWriter, proto.Message) error {
	return func(ctx context.Context, w http.ResponseWriter, _ proto.Message) error {
		name, _ := runtime.RPCMethod(ctx)
		if m := all["/"+strings.TrimPrefix(name, "/")]; m != nil && m.SuccessStatus != http.StatusOK {
			w.WriteHeader(m.SuccessStatus)
		}
		return nil
	}
}

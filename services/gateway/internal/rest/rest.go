// Package rest serves the REST bindings of the public API: grpc-gateway's
// generated handlers, whose mapping of bodies, query parameters and names is
// that of the original APIs, with our JSON and our errors.
package rest

import (
	"context"
	"fmt"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/proto/contract"
	"github.com/actionplane/actionplane/proto/gen/go/edge"
)

// New returns the handler of all REST paths. Calls go to door. A body of more
// than maxRequest bytes is refused.
func New(ctx context.Context, maxRequest int, door contract.Caller) (http.Handler, error) {
	routes := newRoutes()
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, newMarshaler()),
		runtime.WithErrorHandler(routes.errorHandler),
		runtime.WithRoutingErrorHandler(routingErrorHandler),
		runtime.WithForwardResponseOption(routes.successStatus),
		runtime.WithIncomingHeaderMatcher(noHeader),
		runtime.WithOutgoingHeaderMatcher(noHeader),
		runtime.WithDisablePathLengthFallback(),
	)
	for _, s := range edge.Services {
		if err := s.REST(ctx, mux, door); err != nil {
			return nil, fmt.Errorf("mount %s: %w", s.Name, err)
		}
	}
	return checked(maxRequest, withCloudEvents(untyped(mux))), nil
}

// noHeader keeps headers out of gRPC metadata: the door reads the request's
// own.
func noHeader(string) (string, bool) { return "", false }

// successStatus writes the status that the method's contract asks for.
func (rs routes) successStatus(ctx context.Context, w http.ResponseWriter, _ proto.Message) error {
	if m := rs.of(ctx).method; m != nil && m.SuccessStatus != http.StatusOK {
		w.WriteHeader(m.SuccessStatus)
	}
	return nil
}

// Package rpc serves the public API over gRPC, gRPC-Web and Connect, with
// server reflection and the standard health service.
package rpc

import (
	"context"
	"errors"
	"net/http"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/wirejson"
	"github.com/actionplane/actionplane/proto/contract"
	"github.com/actionplane/actionplane/proto/gen/go/edge"
	zitadelv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/v1"
)

// Config bounds the handlers.
type Config struct {
	// MaxRequest is the largest request message in bytes.
	MaxRequest int
	// Ready tells whether the process is ready; it answers the health service.
	Ready func(context.Context) bool
}

// New returns the handler of all "/pkg.Service/Method" paths. Calls go to
// door.
func New(cfg Config, door contract.Caller) http.Handler {
	mux := http.NewServeMux()
	options := []connect.HandlerOption{
		connect.WithInterceptors(connect.UnaryInterceptorFunc(withErrors)),
		connect.WithReadMaxBytes(cfg.MaxRequest),
		connect.WithCodec(jsonCodec{codec: wirejson.Default()}),
	}
	var names []string
	for _, s := range edge.Services {
		_, handler := s.Connect(door, options...)
		for _, m := range s.Methods { // each for itself: what is not there gets unimplemented's answer
			mux.Handle(m.FullName, handler)
		}
		names = append(names, s.Name)
	}
	mux.Handle("/", unimplemented(options))
	reflector := grpcreflect.NewStaticReflector(names...)
	mux.Handle(grpcreflect.NewHandlerV1(reflector))
	mux.Handle(grpcreflect.NewHandlerV1Alpha(reflector))
	mux.Handle(grpchealth.NewHandler(health{ready: cfg.Ready}))
	return mux
}

// unimplemented answers for methods that are not there, in the protocol of the
// caller.
func unimplemented(options []connect.HandlerOption) http.Handler {
	errors := connect.NewErrorWriter(options...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !errors.IsSupported(r) {
			http.NotFound(w, r)
			return
		}
		err := connect.NewError(connect.CodeUnimplemented, fault.New(fault.CodeUnimplemented, "unknown method %s", r.URL.Path))
		_ = errors.Write(w, r, err) // the client went away
	})
}

// withErrors turns faults into Connect's errors, which its protocols turn into
// their own.
func withErrors(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		resp, err := next(ctx, req)
		if err != nil {
			return nil, connectError(err)
		}
		return resp, nil
	}
}

func connectError(err error) error {
	var already *connect.Error
	if errors.As(err, &already) {
		return err
	}
	e, ok := fault.As(err)
	if !ok {
		code := connect.CodeInternal
		if c := fault.CodeOf(err); c == fault.CodeDeadline || c == fault.CodeCanceled {
			code = connect.Code(c)
		}
		return connect.NewError(code, errors.New(code.String()))
	}
	out := connect.NewError(connect.Code(e.Code), errors.New(e.Text()))
	if e.ID == "" {
		return out
	}
	if detail, err := connect.NewErrorDetail(&zitadelv1.ErrorDetail{Id: e.ID, Message: e.Message}); err == nil {
		out.AddDetail(detail)
	}
	return out
}

// health answers grpc.health.v1 for the whole process.
type health struct {
	ready func(context.Context) bool
}

// Check implements grpchealth.Checker.
func (h health) Check(ctx context.Context, req *grpchealth.CheckRequest) (*grpchealth.CheckResponse, error) {
	if !known(req.Service) {
		return nil, connect.NewError(connect.CodeNotFound, errors.New("unknown service "+req.Service))
	}
	if h.ready(ctx) {
		return &grpchealth.CheckResponse{Status: grpchealth.StatusServing}, nil
	}
	return &grpchealth.CheckResponse{Status: grpchealth.StatusNotServing}, nil
}

func known(service string) bool {
	if service == "" {
		return true
	}
	for _, s := range edge.Services {
		if s.Name == service {
			return true
		}
	}
	return false
}

// Package rpc serves the public API over gRPC, gRPC-Web and Connect, with
// server reflection and the standard health service.
package rpc

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

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

// Handler serves all "/pkg.Service/Method" paths.
type Handler struct {
	calls    http.Handler
	refusals *connect.ErrorWriter
}

// New returns the handler. Calls go to door.
func New(cfg Config, door contract.Caller) *Handler {
	mux := http.NewServeMux()
	options := []connect.HandlerOption{
		connect.WithInterceptors(connect.UnaryInterceptorFunc(withErrors)),
		connect.WithReadMaxBytes(cfg.MaxRequest),
		connect.WithCodec(jsonCodec{codec: wirejson.Default()}),
		connect.WithCodec(binaryCodec{}),
	}
	h := &Handler{refusals: connect.NewErrorWriter(options...)}
	var names []string
	for _, s := range edge.Services {
		_, handler := s.Connect(door, options...)
		for _, m := range s.Methods { // each for itself: what is not there gets unimplemented's answer
			mux.Handle(m.FullName, handler)
		}
		names = append(names, s.Name)
	}
	mux.HandleFunc("/", h.unimplemented)
	reflector := grpcreflect.NewStaticReflector(names...)
	mux.Handle(grpcreflect.NewHandlerV1(reflector))
	mux.Handle(grpcreflect.NewHandlerV1Alpha(reflector))
	mux.Handle(grpchealth.NewHandler(health{ready: cfg.Ready}))
	h.calls = webText(framed(mux))
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.calls.ServeHTTP(w, r) }

// Refuse answers with e, in the protocol of the caller.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, e *fault.Error) {
	webText(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = h.refusals.Write(w, r, connectError(e)) // the client went away
	})).ServeHTTP(w, r)
}

// unimplemented answers for methods that are not there.
func (h *Handler) unimplemented(w http.ResponseWriter, r *http.Request) {
	if !h.refusals.IsSupported(r) {
		http.NotFound(w, r)
		return
	}
	h.Refuse(w, r, fault.New(fault.CodeUnimplemented, "unknown method %s", r.URL.Path))
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
	for _, d := range details(e) {
		if detail, err := connect.NewErrorDetail(d); err == nil {
			out.AddDetail(detail)
		}
	}
	if e.Code == fault.CodeUnauthenticated {
		out.Meta().Set("WWW-Authenticate", "Bearer")
	}
	if e.RetryAfter > 0 {
		out.Meta().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	return out
}

// details are what a client need not read out of the text.
func details(e *fault.Error) []proto.Message {
	var all []proto.Message
	if e.ID != "" {
		all = append(all, &zitadelv1.ErrorDetail{Id: e.ID, Message: e.Message})
	}
	if len(e.Fields) > 0 {
		bad := &errdetails.BadRequest{}
		for _, f := range e.Fields {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: f.Path, Description: f.Problem})
		}
		all = append(all, bad)
	}
	if e.RetryAfter > 0 {
		all = append(all, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	}
	return all
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

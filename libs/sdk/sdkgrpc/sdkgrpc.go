// Package sdkgrpc runs the request and response conditions around the methods
// of a gRPC server.
package sdkgrpc

import (
	"context"
	"encoding/json"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/sdk"
	zitadelv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/v1"
)

// Config says how methods are guarded.
type Config struct {
	Guard sdk.Guard
	// Caller says on whose behalf a call is made; nil: nobody's.
	Caller func(ctx context.Context) sdk.Caller
	// Skip leaves a method alone, e.g. health checks; nil: none.
	Skip func(fullMethod string) bool
}

// UnaryServerInterceptor returns an interceptor that hands every request to
// Actionplane before the handler runs, and every response before it is sent. A
// message that was changed replaces the original as a whole; one that does not
// fit the method's type is an error and changes nothing. Fields that the type
// does not have are passed over where all that the original held is still
// there; else they are such an error, because a target that speaks of something
// else would leave an empty message. A refusal becomes the
// call's status. Handler errors run no response condition. Where nobody listens
// when the call comes in, its messages are not even encoded.
func UnaryServerInterceptor(cfg Config) grpc.UnaryServerInterceptor {
	if cfg.Caller == nil {
		cfg.Caller = func(context.Context) sdk.Caller { return sdk.Caller{} }
	}
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		in, ok := req.(proto.Message)
		if !ok || cfg.Skip != nil && cfg.Skip(info.FullMethod) {
			return handler(ctx, req)
		}
		if !cfg.Guard.MayListen(info.FullMethod) {
			return handler(ctx, req)
		}
		hook := sdk.Hook{Method: info.FullMethod, Caller: cfg.Caller(ctx), Headers: headers(ctx)}
		changed, err := pass(ctx, cfg.Guard.Request, &hook, in)
		if err != nil {
			return nil, err
		}
		resp, err := handler(ctx, changed)
		out, ok := resp.(proto.Message)
		if err != nil || !ok {
			return resp, err
		}
		hook.Request = hook.Payload
		return pass(ctx, cfg.Guard.Response, &hook, out)
	}
}

// pass runs one hook over m and returns the message to go on with. hook.Payload
// becomes that message's JSON.
func pass(ctx context.Context, run func(context.Context, sdk.Hook) (sdk.Result, error), hook *sdk.Hook, m proto.Message) (proto.Message, error) {
	payload, err := protojson.Marshal(m)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "message of %s cannot be shown to Actionplane: %v", hook.Method, err)
	}
	hook.Payload = payload
	result, err := run(ctx, *hook)
	if err != nil {
		return nil, statusOf(err)
	}
	if !result.Changed {
		return m, nil
	}
	hook.Payload = result.Payload
	changed := m.ProtoReflect().New().Interface()
	// A target may answer more than the message has: {"ok": true} was merged
	// into it. Where members are missing, somebody may have answered another
	// message instead; then nothing unknown is passed over.
	read := protojson.UnmarshalOptions{DiscardUnknown: keepsMembers(payload, result.Payload)}
	if err := read.Unmarshal(result.Payload, changed); err != nil {
		return nil, status.Errorf(codes.FailedPrecondition, "the changed message does not fit %s: %v", hook.Method, err)
	}
	return changed, nil
}

// keepsMembers reports whether a changed object has all members of the
// original.
func keepsMembers(original, changed []byte) bool {
	var before, after map[string]json.RawMessage
	if json.Unmarshal(original, &before) != nil || json.Unmarshal(changed, &after) != nil {
		return false
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			return false
		}
	}
	return true
}

// statusOf turns an error of the SDK into a status, with its id as a detail.
func statusOf(err error) error {
	var e *sdk.Error
	if !errors.As(err, &e) {
		return status.FromContextError(err).Err()
	}
	s := status.New(codes.Code(e.Code), e.Error())
	if e.ID == "" {
		return s.Err()
	}
	if detailed, err := s.WithDetails(&zitadelv1.ErrorDetail{Id: e.ID, Message: e.Message}); err == nil {
		s = detailed
	}
	return s.Err()
}

// headers are those of the call that targets may see.
func headers(ctx context.Context) map[string][]string {
	md, _ := metadata.FromIncomingContext(ctx)
	h := map[string][]string{}
	for name, key := range map[string]string{
		"Content-Type": "content-type", "X-Forwarded-For": "x-forwarded-for",
		"X-Forwarded-Host": "x-forwarded-host", "Host": ":authority", "Origin": "origin",
	} {
		if v := md.Get(key); len(v) > 0 {
			h[name] = v
		}
	}
	return h
}

package sdkgrpc_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdkgrpc"
	"github.com/actionplane/actionplane/libs/sdk/sdktest"
	zitadelv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/v1"
)

const check = "/grpc.health.v1.Health/Check"

// health is a small real service; it notes what reached it.
type health struct {
	healthv1.UnimplementedHealthServer
	got []string
	err error
}

func (h *health) Check(_ context.Context, in *healthv1.HealthCheckRequest) (*healthv1.HealthCheckResponse, error) {
	h.got = append(h.got, in.GetService())
	return &healthv1.HealthCheckResponse{Status: healthv1.HealthCheckResponse_SERVING}, h.err
}

func (h *health) Watch(_ *healthv1.HealthCheckRequest, s grpc.ServerStreamingServer[healthv1.HealthCheckResponse]) error {
	return s.Send(&healthv1.HealthCheckResponse{Status: healthv1.HealthCheckResponse_NOT_SERVING})
}

// setup serves h, guarded by cfg, and returns a client.
func setup(t *testing.T, h *health, cfg sdkgrpc.Config) healthv1.HealthClient {
	t.Helper()
	srv := grpc.NewServer(grpc.UnaryInterceptor(sdkgrpc.UnaryServerInterceptor(cfg)))
	healthv1.RegisterHealthServer(srv, h)
	listener := bufconn.Listen(1 << 20)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///health", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		srv.Stop()
		if err := errors.Join(conn.Close(), <-done); err != nil {
			t.Error(err)
		}
	})
	return healthv1.NewHealthClient(conn)
}

// answers maps the kind of a hook to its answer.
type answers map[string]sdktest.Answer

func (a answers) answer(c sdktest.Call) sdktest.Answer { return a[c.Kind] }

func TestInterceptor(t *testing.T) {
	t.Parallel()
	caller := sdk.Caller{Organization: "o1", User: "u1"}

	t.Run("NobodyListensNothingChanges", func(t *testing.T) {
		t.Parallel()
		h, a := &health{}, sdktest.Start(t, nil)
		client := setup(t, h, sdkgrpc.Config{Guard: sdk.Guard{Client: a.Client(t)}, Caller: func(context.Context) sdk.Caller { return caller }})
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-forwarded-for", "10.0.0.1", "authorization", "secret")
		out, err := client.Check(ctx, &healthv1.HealthCheckRequest{Service: "shop"})
		if err != nil || out.GetStatus() != healthv1.HealthCheckResponse_SERVING || h.got[0] != "shop" {
			t.Fatalf("got %v, %v; handler %v", out, err, h.got)
		}
		calls := a.Calls()
		if len(calls) != 2 || calls[0].Kind != "request" || calls[1].Kind != "response" {
			t.Fatalf("hooks %+v", calls)
		}
		for _, c := range calls {
			if c.Name != check || c.Caller != caller || c.Headers["X-Forwarded-For"][0] != "10.0.0.1" || c.Headers["Content-Type"][0] != "application/grpc" || len(c.Headers["Host"]) != 1 || len(c.Headers) != 3 {
				t.Errorf("hook %+v", c)
			}
		}
		if compact(calls[0].Payload) != `{"service":"shop"}` || compact(calls[1].Payload) != `{"status":"SERVING"}` || compact(calls[1].Request) != `{"service":"shop"}` {
			t.Errorf("shown %s, then %s answering %s", calls[0].Payload, calls[1].Payload, calls[1].Request)
		}
	})
	t.Run("ChangedRequestReachesTheHandlerChangedResponseTheCaller", func(t *testing.T) {
		t.Parallel()
		h := &health{}
		a := sdktest.Start(t, answers{
			"request": {Payload: []byte(`{"service":"bank"}`)}, "response": {Payload: []byte(`{"status":"NOT_SERVING"}`)},
		}.answer)
		client := setup(t, h, sdkgrpc.Config{Guard: sdk.Guard{Client: a.Client(t)}})
		out, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{Service: "shop"})
		if err != nil || out.GetStatus() != healthv1.HealthCheckResponse_NOT_SERVING || h.got[0] != "bank" {
			t.Fatalf("got %v, %v; handler %v", out, err, h.got)
		}
		if got := string(a.Calls()[1].Request); got != `{"service":"bank"}` {
			t.Errorf("the response answers %s", got)
		}
	})
	t.Run("VetoOfTheRequestIsTheStatusAndTheHandlerDoesNotRun", func(t *testing.T) {
		t.Parallel()
		h := &health{}
		a := sdktest.Start(t, answers{"request": {Veto: &sdk.Error{Code: sdk.CodePermissionDenied, ID: "EXEC-1", Message: "not you"}}}.answer)
		client := setup(t, h, sdkgrpc.Config{Guard: sdk.Guard{Client: a.Client(t)}})
		_, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{})
		s := status.Convert(err)
		if s.Code() != codes.PermissionDenied || s.Message() != "not you (EXEC-1)" || len(h.got) != 0 {
			t.Fatalf("got %v; handler %v", err, h.got)
		}
		if d, ok := s.Details()[0].(*zitadelv1.ErrorDetail); !ok || d.GetId() != "EXEC-1" || d.GetMessage() != "not you" {
			t.Errorf("details %v", s.Details())
		}
	})
	t.Run("VetoOfTheResponseKeepsItBack", func(t *testing.T) {
		t.Parallel()
		h := &health{}
		a := sdktest.Start(t, answers{"response": {Veto: &sdk.Error{Code: sdk.CodeFailedPrecondition, Message: "no"}}}.answer)
		client := setup(t, h, sdkgrpc.Config{Guard: sdk.Guard{Client: a.Client(t)}})
		out, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{})
		if status.Code(err) != codes.FailedPrecondition || out != nil || len(h.got) != 1 {
			t.Fatalf("got %v, %v", out, err)
		}
	})
	t.Run("WhatTheMessageDoesNotHaveIsPassedOverWhereNothingIsLost", func(t *testing.T) {
		t.Parallel()
		h := &health{}
		a := sdktest.Start(t, answers{"request": {Payload: []byte(`{"service":"shop","ok":true}`)}}.answer)
		client := setup(t, h, sdkgrpc.Config{Guard: sdk.Guard{Client: a.Client(t)}})
		if _, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{Service: "shop"}); err != nil || h.got[0] != "shop" {
			t.Errorf("%v; handler %v", err, h.got)
		}
	})
	t.Run("MessageThatDoesNotFitIsAnErrorAndTheHandlerDoesNotRun", func(t *testing.T) {
		t.Parallel()
		for _, payload := range []string{`{"service":7}`, `{"ok":true}`, `[]`, `"text"`, `{"service":`, `{"service":"a","service":"b"}`} {
			h := &health{}
			a := sdktest.Start(t, answers{"request": {Payload: []byte(payload)}}.answer)
			client := setup(t, h, sdkgrpc.Config{Guard: sdk.Guard{Client: a.Client(t)}})
			_, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{Service: "shop"})
			if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), check) || len(h.got) != 0 {
				t.Errorf("%s: got %v; handler %v", payload, err, h.got)
			}
		}
	})
	t.Run("HandlerErrorsRunNoResponseHook", func(t *testing.T) {
		t.Parallel()
		h, a := &health{err: status.Error(codes.NotFound, "no such service")}, sdktest.Start(t, nil)
		client := setup(t, h, sdkgrpc.Config{Guard: sdk.Guard{Client: a.Client(t)}})
		if _, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{}); status.Code(err) != codes.NotFound || len(a.Calls()) != 1 {
			t.Fatalf("got %v, %d hooks", err, len(a.Calls()))
		}
	})
	t.Run("SkippedMethodsAndStreamsAreLeftAlone", func(t *testing.T) {
		t.Parallel()
		h, a := &health{}, sdktest.Start(t, nil)
		client := setup(t, h, sdkgrpc.Config{Guard: sdk.Guard{Client: a.Client(t)}, Skip: func(m string) bool { return m == check }})
		if _, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
			t.Error(err)
		}
		stream, err := client.Watch(t.Context(), &healthv1.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); err != nil {
			t.Error(err)
		}
		if n := len(a.Calls()); n != 0 {
			t.Errorf("%d hooks", n)
		}
	})
	t.Run("OutageIsUnavailableOrLetThrough", func(t *testing.T) {
		t.Parallel()
		h, a := &health{}, sdktest.Start(t, nil)
		var through []string
		closed := setup(t, h, sdkgrpc.Config{Guard: sdk.Guard{Client: a.Client(t)}})
		open := setup(t, h, sdkgrpc.Config{Guard: sdk.Guard{Client: a.Client(t), FailOpen: true, OnLetThrough: func(_ context.Context, m string, _ error) {
			through = append(through, m)
		}}})
		a.StopServing(t)
		if _, err := closed.Check(t.Context(), &healthv1.HealthCheckRequest{}); status.Code(err) != codes.Unavailable || len(h.got) != 0 {
			t.Errorf("got %v", err)
		}
		if _, err := open.Check(t.Context(), &healthv1.HealthCheckRequest{Service: "shop"}); err != nil || h.got[0] != "shop" || len(through) != 2 {
			t.Errorf("got %v; let through %v", err, through)
		}
	})
}

// compact takes out the spaces that protojson puts in at random.
func compact(b []byte) string { return strings.ReplaceAll(string(b), " ", "") }

// until waits until it is so.
func until(so func() bool) {
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for !so() {
		<-again.C
	}
}

func TestWhatNobodyListensToIsNotEncoded(t *testing.T) {
	t.Parallel()
	a, h := sdktest.Start(t, nil), &health{}
	guard := sdk.Guard{Client: a.Client(t)}
	client := setup(t, h, sdkgrpc.Config{Guard: guard})
	a.Listen(t, "request/other.S")
	until(func() bool { return !guard.MayListen(check) })
	if _, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{Service: "shop"}); err != nil || len(a.Calls()) != 0 || len(h.got) != 1 {
		t.Fatalf("%v, asked %d times, handled %v", err, len(a.Calls()), h.got)
	}
	a.Listen(t, "response"+check)
	until(func() bool { return guard.MayListen(check) })
	if _, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{Service: "shop"}); err != nil {
		t.Fatal(err)
	}
	if calls := a.Calls(); len(calls) != 1 || string(calls[0].Request) == "" {
		t.Errorf("asked %v", calls)
	}
}

package gateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpcreflect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/health"
	"github.com/actionplane/actionplane/libs/host"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/proto/gen/go/actionplane/v1/actionplanev1connect"
	"github.com/actionplane/actionplane/proto/gen/go/edge"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha/actionv3alphaconnect"
	zitadelv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/v1"
	"github.com/actionplane/actionplane/services/gateway"
)

func (w *world) grpc(t testing.TB) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(w.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// as returns a context of a gRPC call with a token and more metadata.
func as(t testing.TB, token string, pairs ...string) context.Context {
	return metadata.AppendToOutgoingContext(t.Context(), append(pairs, "authorization", "Bearer "+token)...)
}

// notFound makes the owner of GetTarget answer with an error id.
func notFound(w *world) {
	on(w, &actionv3alpha.ZITADELActionsGetTarget, func(_ context.Context, in *actionv3alpha.GetTargetRequest) (*actionv3alpha.GetTargetResponse, error) {
		if in.GetId() == "1" {
			return &actionv3alpha.GetTargetResponse{Target: &actionv3alpha.GetTarget{SigningKey: "k"}}, nil
		}
		return nil, fault.NotFound("nö\n100%%").WithID("QUERY-hj5oaniyrz")
	})
}

func TestGRPC(t *testing.T) {
	t.Parallel()
	w := setup(t)
	notFound(w)
	targets := actionv3alpha.NewZITADELActionsClient(w.grpc(t))

	t.Run("Answers", func(t *testing.T) {
		t.Parallel()
		out, err := targets.GetTarget(as(t, "owner"), &actionv3alpha.GetTargetRequest{Id: "1"})
		if err != nil || out.GetTarget().GetSigningKey() != "k" {
			t.Errorf("got %v, %v", out, err)
		}
	})
	t.Run("ErrorsHaveTheirDetailInTheTrailer", func(t *testing.T) {
		t.Parallel()
		_, err := targets.GetTarget(as(t, "owner"), &actionv3alpha.GetTargetRequest{Id: "2"})
		s := status.Convert(err)
		if s.Code() != codes.NotFound || s.Message() != "nö 100% (QUERY-hj5oaniyrz)" || len(s.Details()) != 1 {
			t.Fatalf("got %v", err)
		}
		if d, ok := s.Details()[0].(*zitadelv1.ErrorDetail); !ok || d.GetId() != "QUERY-hj5oaniyrz" || d.GetMessage() != "nö 100%" {
			t.Errorf("got %v", s.Details())
		}
	})
	t.Run("ErrorsWithoutAnIdHaveNone", func(t *testing.T) {
		t.Parallel()
		_, err := targets.GetTarget(t.Context(), &actionv3alpha.GetTargetRequest{Id: "2"})
		if s := status.Convert(err); s.Code() != codes.Unauthenticated || s.Message() != "auth header missing" || len(s.Details()) != 0 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("OrganizationInTheMetadata", func(t *testing.T) {
		t.Parallel()
		_, err := managementv1.NewManagementServiceClient(w.grpc(t)).GetAction(as(t, "owner", "X-Zitadel-OrgId", foreign), &managementv1.GetActionRequest{Id: "1"})
		if s := status.Convert(err); s.Code() != codes.PermissionDenied || s.Message() != "Organisation doesn't exist (AUTH-Bs7Ds)" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("UnknownMethodsAreUnimplemented", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"/zitadel.resources.action.v3alpha.ZITADELActions/DeleteExecution", "/a.B/C", "/actionplane.access.v1.Access/Authenticate"} {
			err := w.grpc(t).Invoke(as(t, "owner"), name, &actionv3alpha.GetTargetRequest{}, &actionv3alpha.GetTargetResponse{})
			if s := status.Convert(err); s.Code() != codes.Unimplemented || s.Message() != "unknown method "+name {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("RequestsThatAreTooLarge", func(t *testing.T) {
		t.Parallel()
		_, err := targets.GetTarget(as(t, "owner"), &actionv3alpha.GetTargetRequest{Id: strings.Repeat("x", 5<<20)})
		if s := status.Convert(err); s.Code() != codes.ResourceExhausted {
			t.Errorf("got %v", err)
		}
	})
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *gateway.Config, _ *host.Deps) { c.RequestTimeout = 100 * time.Millisecond })
	on(w, &actionv3alpha.ZITADELActionsGetTarget, func(ctx context.Context, in *actionv3alpha.GetTargetRequest) (*actionv3alpha.GetTargetResponse, error) {
		if in.GetId() == "slow" { // slower than a client may be in sending
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond):
				return &actionv3alpha.GetTargetResponse{}, nil
			}
		}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	t.Run("OfGRPCReachTheOwner", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(as(t, "owner"), 200*time.Millisecond)
		defer cancel()
		_, err := actionv3alpha.NewZITADELActionsClient(w.grpc(t)).GetTarget(ctx, &actionv3alpha.GetTargetRequest{Id: "never"})
		if status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		for _, r := range w.all() {
			if r.method == actionv3alpha.ZITADELActionsGetTarget.FullName && r.request.(*actionv3alpha.GetTargetRequest).GetId() == "never" && r.left > 200*time.Millisecond { // the default is 10 s
				t.Errorf("the owner had %s", r.left)
			}
		}
	})
	t.Run("OfREST", func(t *testing.T) {
		t.Parallel()
		for _, client := range []*http.Client{w.client, http2Client(t)} {
			a := w.do(t, client, "GET", targets+"/rest", "", "Authorization", "Bearer owner", "Grpc-Timeout", "50m")
			if a.status != 504 || !strings.HasPrefix(a.body, `{"code":4,`) { // gateway and owner run out of it at once
				t.Errorf("got %d %s", a.status, a.body)
			}
		}
	})
	t.Run("OfConnect", func(t *testing.T) {
		t.Parallel()
		client := actionv3alphaconnect.NewZITADELActionsClient(w.client, "http://"+w.addr, bearerOwner())
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := client.GetTarget(ctx, &actionv3alpha.GetTargetRequest{Id: "connect"})
		if connect.CodeOf(err) != connect.CodeDeadlineExceeded {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ForSendingDoNotBoundTheCall", func(t *testing.T) {
		t.Parallel()
		for _, client := range []*http.Client{w.client, http2Client(t)} {
			w.do(t, client, "GET", targets+"/slow", "", "Authorization", "Bearer owner").want(t, 200, `{}`)
		}
		if _, err := actionv3alpha.NewZITADELActionsClient(w.grpc(t)).GetTarget(as(t, "owner"), &actionv3alpha.GetTargetRequest{Id: "slow"}); err != nil {
			t.Error(err)
		}
	})
	t.Run("OfHooks", func(t *testing.T) {
		t.Parallel()
		a := w.owner(t, "POST", "/actionplane/v1/hooks:function", `{"function":"hasty","deadline":"60s"}`)
		a.want(t, 200, `{}`)
		for _, r := range w.all() {
			if r.method == actionplanev1.HookServiceRunFunctionHook.FullName && (r.left < 50*time.Second || r.left > 61*time.Second) {
				t.Errorf("the owner had %s", r.left)
			}
		}
	})
}

// bearerOwner is the client option that shows the token of the owner.
func bearerOwner() connect.ClientOption {
	return connect.WithInterceptors(connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			req.Header().Set("Authorization", "Bearer owner")
			return next(ctx, req)
		}
	}))
}

func TestConnectAndGRPCWeb(t *testing.T) {
	t.Parallel()
	w := setup(t)
	notFound(w)
	on(w, &actionplanev1.HookServiceRunRequestHook, func(_ context.Context, in *hooksv1.RunRequestHookRequest) (*hooksv1.RunHookResponse, error) {
		return &hooksv1.RunHookResponse{Payload: in.GetPayload()}, nil
	})
	for name, options := range map[string][]connect.ClientOption{
		"GRPCWeb": {connect.WithGRPCWeb()}, "GRPCWebGzip": {connect.WithGRPCWeb(), connect.WithSendGzip()},
		"Connect": nil, "ConnectJSON": {connect.WithProtoJSON()}, "ConnectGzip": {connect.WithSendGzip()},
	} {
		for over, client := range map[string]*http.Client{"HTTP1": w.client, "HTTP2": http2Client(t)} {
			t.Run(name+"/"+over, func(t *testing.T) {
				t.Parallel()
				url := "http://" + w.addr
				targets := actionv3alphaconnect.NewZITADELActionsClient(client, url, append(options, bearerOwner())...)
				out, err := targets.GetTarget(t.Context(), &actionv3alpha.GetTargetRequest{Id: "1"})
				if err != nil || out.GetTarget().GetSigningKey() != "k" {
					t.Fatalf("got %v, %v", out, err)
				}
				_, err = targets.GetTarget(t.Context(), &actionv3alpha.GetTargetRequest{Id: "2"})
				wantDetail(t, err)
				if name == "ConnectJSON" { // where a client of protojson's own would not read the payload
					return
				}
				hooks := actionplanev1connect.NewHookServiceClient(client, url, append(options, bearerOwner())...)
				hook, err := hooks.RunRequestHook(t.Context(), &hooksv1.RunRequestHookRequest{Method: "/a.B/C", Payload: []byte(`{"a": 1.0}`)})
				if err != nil || string(hook.GetPayload()) != `{"a": 1.0}` {
					t.Errorf("got %v, %v", hook, err)
				}
			})
		}
	}
	t.Run("ConnectJSONCarriesRawPayloads", func(t *testing.T) {
		t.Parallel()
		w.owner(t, "POST", "/actionplane.v1.HookService/RunRequestHook", `{"method":"/a.B/C","payload":{"z":1.0, "a":2}}`, "Content-Type", "application/json").
			want(t, 200, `{"payload":{"z":1.0, "a":2}}`)
	})
	t.Run("UnknownMethod", func(t *testing.T) {
		t.Parallel()
		a := w.owner(t, "POST", "/a.B/C", `{}`, "Content-Type", "application/json")
		a.want(t, 501, `{"code":"unimplemented","message":"unknown method /a.B/C"}`)
	})
}

func wantDetail(t *testing.T, err error) {
	t.Helper()
	var e *connect.Error
	if !errors.As(err, &e) || e.Code() != connect.CodeNotFound || len(e.Details()) != 1 {
		t.Fatalf("got %v", err)
	}
	want := &zitadelv1.ErrorDetail{Id: "QUERY-hj5oaniyrz", Message: "nö 100%"}
	if d, err := e.Details()[0].Value(); err != nil || !proto.Equal(d, want) {
		t.Errorf("got %v, %v", d, err)
	}
}

func TestReflectionAndHealth(t *testing.T) {
	t.Parallel()
	ready := health.New(discard)
	w := setup(t, func(_ *gateway.Config, d *host.Deps) { d.Health = ready })

	t.Run("ReflectionListsTheServices", func(t *testing.T) {
		stream := grpcreflect.NewClient(http2Client(t), "http://"+w.addr, connect.WithGRPC()).NewStream(t.Context())
		names, err := stream.ListServices()
		if err != nil || len(names) < len(edge.Services) {
			t.Fatalf("got %v, %v", names, err)
		}
		for _, s := range edge.Services {
			if !slices.ContainsFunc(names, func(n protoreflect.FullName) bool { return string(n) == s.Name }) {
				t.Errorf("%s is missing", s.Name)
			}
		}
		if files, err := stream.FileContainingSymbol("zitadel.resources.action.v3alpha.Target"); err != nil || len(files) == 0 {
			t.Errorf("got %v, %v", files, err)
		}
		if _, err := stream.Close(); err != nil && !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
	t.Run("HealthSaysWhetherTheProcessIsReady", func(t *testing.T) {
		client := healthv1.NewHealthClient(w.grpc(t))
		for _, service := range []string{"", edge.Services[0].Name} {
			out, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{Service: service})
			if err != nil || out.GetStatus() != healthv1.HealthCheckResponse_SERVING {
				t.Errorf("%q: %v, %v", service, out, err)
			}
		}
		if _, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{Service: "a.B"}); status.Code(err) != codes.NotFound {
			t.Errorf("got %v", err)
		}
		w.do(t, w.client, "GET", "/readyz", "").want(t, 200, `{"status":"ok","checks":{"gateway.port":"ok"}}`+"\n")
		ready.Drain()
		if out, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil || out.GetStatus() != healthv1.HealthCheckResponse_NOT_SERVING {
			t.Errorf("got %v, %v", out, err)
		}
		w.do(t, w.client, "GET", "/readyz", "").want(t, 503, `{"status":"draining","checks":{"gateway.port":"ok"}}`+"\n")
		w.do(t, w.client, "GET", "/healthz", "").want(t, 200, `{"status":"ok"}`+"\n")
	})
}

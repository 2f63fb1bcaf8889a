package gateway_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/health"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	"github.com/actionplane/actionplane/proto/gen/go/edge"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/gateway"
)

const (
	home    = "95b11417-f18f-457f-8804-68e361f9164f" // the owner's organization
	foreign = "95b11417-f18f-457f-8804-68e361f91640"
)

var discard = slog.New(slog.DiscardHandler)

// received is one call as its owner saw it.
type received struct {
	method  string
	who     tenant.Identity
	left    time.Duration // until the deadline
	request proto.Message
}

// world is a gateway with everything around it played by the test: the owners
// of all methods and access, on a real bus.
type world struct {
	accessv1.AccessAccessServer // nil: what the gateway does not ask for

	addr   string
	client *http.Client
	bus    *bustest.Server
	stop   func() error // stops the gateway and returns what Run did

	mu       sync.Mutex
	answers  map[string]contract.Handler
	received []received

	people     map[string]*accessv1.Principal // by token and organization
	asked      int
	stopAccess func()
}

type setting func(*gateway.Config, *host.Deps)

func setup(t testing.TB, settings ...setting) *world {
	t.Helper()
	w := &world{bus: bustest.Start(t), answers: map[string]contract.Handler{}, client: http1Client(t, nil)}
	w.people = people()
	owners := w.bus.Connect(t, "owners").NewServer(bus.ServerConfig{})
	for _, s := range edge.Services {
		for _, m := range s.Methods {
			d := descriptorOf(t, m)
			owners.Register(m, maker(t, d.Input()), w.serve(m, maker(t, d.Output())))
		}
	}
	bustest.Run(t, owners.Run)
	w.startAccess(t)
	w.start(t, settings...)
	return w
}

// maker makes empty messages of a type.
func maker(t testing.TB, d protoreflect.MessageDescriptor) func() proto.Message {
	t.Helper()
	message, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return func() proto.Message { return message.New().Interface() }
}

func descriptorOf(t testing.TB, m *contract.Method) protoreflect.MethodDescriptor {
	t.Helper()
	name := strings.ReplaceAll(strings.TrimPrefix(m.FullName, "/"), "/", ".")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		t.Fatal(err)
	}
	return d.(protoreflect.MethodDescriptor)
}

// serve records a call and answers as on said, else with an empty message.
func (w *world) serve(m *contract.Method, empty func() proto.Message) contract.Handler {
	return func(ctx context.Context, req proto.Message) (proto.Message, error) {
		deadline, _ := ctx.Deadline()
		w.mu.Lock()
		if len(w.received) == cap(w.received) && len(w.received) > 1<<16 { // a benchmark
			w.received = w.received[:0]
		}
		w.received = append(w.received, received{m.FullName, tenant.From(ctx), time.Until(deadline), req})
		answer := w.answers[m.FullName]
		w.mu.Unlock()
		if answer == nil {
			return empty(), nil
		}
		return answer(ctx, req)
	}
}

// on says how the owner of m answers.
func on[Q, A proto.Message](w *world, m *contract.Method, answer func(context.Context, Q) (A, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[m.FullName] = func(ctx context.Context, req proto.Message) (proto.Message, error) {
		return answer(ctx, req.(Q))
	}
}

// last returns the last call that an owner got.
func (w *world) last(t testing.TB) received {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.received) == 0 {
		t.Fatal("no owner was called")
	}
	return w.received[len(w.received)-1]
}

// all returns the calls that owners got so far.
func (w *world) all() []received {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.received)
}

// people are the holders of the tokens: "owner" may do everything, "member"
// nothing.
func people() map[string]*accessv1.Principal {
	var all []string
	for _, s := range edge.Services {
		for _, m := range s.Methods {
			all = append(all, m.Permission)
		}
	}
	owner := &accessv1.Principal{
		Tenant: string(tenant.Default), PersonId: "p-owner", OrganizationId: home,
		Roles: []string{"IAM_OWNER", "ORG_OWNER"}, InstancePermissions: all, OrganizationPermissions: all,
	}
	orgOwner := &accessv1.Principal{
		Tenant: string(tenant.Default), PersonId: "p-org", OrganizationId: home, Roles: []string{"ORG_OWNER"}, OrganizationPermissions: all,
	}
	member := &accessv1.Principal{Tenant: string(tenant.Default), PersonId: "p-member", OrganizationId: home}
	found := map[string]*accessv1.Principal{}
	for token, p := range map[string]*accessv1.Principal{"owner": owner, "org-owner": orgOwner, "member": member} {
		found[credential(token, "")], found[credential(token, home)] = p, p
	}
	return found
}

func credential(token, organization string) string {
	return fmt.Sprintf("%x@%s", sha256.Sum256([]byte(token)), organization)
}

// Authenticate implements accessv1.AccessAccessServer.
func (w *world) Authenticate(_ context.Context, in *accessv1.AuthenticateRequest) (*accessv1.AuthenticateResponse, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	if p := w.people[fmt.Sprintf("%x@%s", in.GetTokenSha256(), in.GetOrganizationId())]; p != nil {
		return &accessv1.AuthenticateResponse{Principal: p}, nil
	}
	if w.people[fmt.Sprintf("%x@", in.GetTokenSha256())] != nil {
		return nil, fault.PermissionDenied("Organisation doesn't exist").WithID("AUTH-Bs7Ds")
	}
	return nil, fault.Unauthenticated("Errors.Token.Invalid").WithID("AUTH-7fs1e")
}

// CountReviewers implements accessv1.AccessAccessServer.
func (w *world) CountReviewers(context.Context, *accessv1.CountReviewersRequest) (*accessv1.CountReviewersResponse, error) {
	return &accessv1.CountReviewersResponse{}, nil
}

func (w *world) startAccess(t testing.TB) {
	t.Helper()
	access := w.bus.Connect(t, "access").NewServer(bus.ServerConfig{})
	accessv1.RegisterAccessAccessServer(access, w)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- access.Run(ctx) }()
	w.stopAccess = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(w.stopAccess)
}

// start runs the gateway until the test ends, or stop is called.
func (w *world) start(t testing.TB, settings ...setting) {
	t.Helper()
	listening := make(chan string, 1)
	log := slog.New(&listeningHandler{Handler: slog.DiscardHandler, addr: listening})
	cfg := gateway.DefaultConfig()
	cfg.Addr, cfg.LameDuck = "127.0.0.1:0", 0
	deps := host.Deps{Log: log, Bus: w.bus.Connect(t, "gateway"), Telemetry: telemetry.Nop(), Health: health.New(discard)}
	for _, set := range settings {
		set(&cfg, &deps)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	service, err := gateway.New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- service.Run(ctx) }()
	w.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
	select {
	case w.addr = <-listening:
	case err := <-done:
		t.Fatal(err)
	}
}

// listeningHandler reads the address from the line that tells it.
type listeningHandler struct {
	slog.Handler
	addr chan string
}

func (h *listeningHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *listeningHandler) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "gateway.listening" {
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == "addr" {
				h.addr <- a.Value.String()
			}
			return true
		})
	}
	return nil
}

// http1Client returns a client whose connections end with the test.
func http1Client(t testing.TB, change func(*http.Transport)) *http.Client {
	t.Helper()
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	if change != nil {
		change(transport)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func http2Client(t testing.TB) *http.Client {
	t.Helper()
	return http1Client(t, func(tr *http.Transport) {
		tr.Protocols = new(http.Protocols)
		tr.Protocols.SetUnencryptedHTTP2(true)
	})
}

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
}

func (w *world) do(t testing.TB, client *http.Client, verb, path, body string, header ...string) answer {
	t.Helper()
	a, err := w.try(client, verb, path, body, header...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// try sends a request; header holds names and values in turn.
func (w *world) try(client *http.Client, verb, path, body string, header ...string) (answer, error) {
	r, err := http.NewRequestWithContext(context.Background(), verb, "http://"+w.addr+path, bytes.NewBufferString(body))
	if err != nil {
		return answer{}, err
	}
	for pair := range slices.Chunk(header, 2) {
		r.Header.Add(pair[0], pair[1])
	}
	resp, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(text)}, err
}

// owner sends a request with the token that may do everything.
func (w *world) owner(t testing.TB, verb, path, body string, header ...string) answer {
	t.Helper()
	return w.do(t, w.client, verb, path, body, append(header, "Authorization", "Bearer owner")...)
}

func (a answer) want(t testing.TB, status int, body string) {
	t.Helper()
	if a.status != status || a.body != body {
		t.Errorf("got  %d %s\nwant %d %s", a.status, a.body, status, body)
	}
}

// invalid is the body of an error that names a field.
func invalid(message, field, problem string) string {
	return fmt.Sprintf(`{"code":3,"message":%q,"details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":%q,"description":%q}]}]}`, message, field, problem)
}

// hold makes the owner of GetTarget say that it was called, and wait.
func hold(w *world, arrived chan<- struct{}, finish <-chan struct{}) {
	on(w, &actionv3alpha.ZITADELActionsGetTarget, func(ctx context.Context, _ *actionv3alpha.GetTargetRequest) (*actionv3alpha.GetTargetResponse, error) {
		arrived <- struct{}{}
		select {
		case <-finish:
		case <-ctx.Done():
		}
		return &actionv3alpha.GetTargetResponse{}, nil
	})
}

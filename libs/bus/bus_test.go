package bus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scripts is a handler whose behaviour a test chooses.
type scripts func(context.Context, *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error)

func (s scripts) Invoke(ctx context.Context, in *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
	return s(ctx, in)
}

func serve(t *testing.T, conn *bus.Conn, cfg bus.ServerConfig, s scripts) *scriptsv1.ScriptsBusClient {
	t.Helper()
	srv := conn.NewServer(cfg)
	scriptsv1.RegisterScriptsScriptsServer(srv, s)
	bustest.Run(t, srv.Run)
	return scriptsv1.NewScriptsBusClient(conn)
}

func TestCall(t *testing.T) {
	t.Parallel()

	t.Run("CarriesRequestAnswerAndIdentity", func(t *testing.T) {
		t.Parallel()
		want := tenant.Identity{Tenant: "t1", Organization: "o1", Person: "p1", Roles: []string{"A", "B"}}
		client := serve(t, bustest.New(t), bus.ServerConfig{}, func(ctx context.Context, in *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
			got := tenant.From(ctx)
			if got.Tenant != want.Tenant || got.Organization != want.Organization || got.Person != want.Person || !slices.Equal(got.Roles, want.Roles) {
				return nil, fmt.Errorf("identity %+v", got)
			}
			return &scriptsv1.InvokeResponse{Output: in.GetInput()}, nil
		})
		out, err := client.Invoke(tenant.With(t.Context(), want), &scriptsv1.InvokeRequest{Input: []byte(`{"a":1}`)})
		if err != nil || string(out.GetOutput()) != `{"a":1}` {
			t.Fatalf("got %v, %v", out, err)
		}
	})
	t.Run("CarriesClassAndIDOfErrors", func(t *testing.T) {
		t.Parallel()
		client := serve(t, bustest.New(t), bus.ServerConfig{}, func(context.Context, *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
			return nil, fault.NotFound("no such action\nhere").WithID("X-1").WithReason("GONE").Because(errors.New("secret"))
		})
		_, err := client.Invoke(t.Context(), &scriptsv1.InvokeRequest{})
		got, ok := fault.As(err)
		if !ok || got.Code != fault.CodeNotFound || got.ID != "X-1" || got.Reason != "GONE" || got.Message != "no such action here" {
			t.Fatalf("got %#v", err)
		}
	})
	t.Run("HidesUnclassifiedErrorsAndPanics", func(t *testing.T) {
		t.Parallel()
		client := serve(t, bustest.New(t), bus.ServerConfig{}, func(_ context.Context, in *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
			if in.GetActionId() == "panic" {
				panic("password=1")
			}
			return nil, errors.New("password=1")
		})
		for _, id := range []string{"error", "panic"} {
			_, err := client.Invoke(t.Context(), &scriptsv1.InvokeRequest{ActionId: id})
			if fault.CodeOf(err) != fault.CodeInternal || strings.Contains(err.Error(), "password") {
				t.Fatalf("got %v", err)
			}
		}
	})
	t.Run("HandsTheDeadlineOn", func(t *testing.T) {
		t.Parallel()
		client := serve(t, bustest.New(t), bus.ServerConfig{}, func(ctx context.Context, _ *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := client.Invoke(ctx, &scriptsv1.InvokeRequest{}); fault.CodeOf(err) != fault.CodeDeadline {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("WaitsForAnOwnerThatStartsLater", func(t *testing.T) {
		t.Parallel()
		server := bustest.Start(t)
		caller, owner := server.Connect(t, "caller"), server.Connect(t, "owner")
		result := make(chan error, 1)
		go func() {
			_, err := scriptsv1.NewScriptsBusClient(caller).Invoke(context.Background(), &scriptsv1.InvokeRequest{})
			result <- err
		}()
		serve(t, owner, bus.ServerConfig{}, func(context.Context, *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
			return &scriptsv1.InvokeResponse{}, nil
		})
		if err := <-result; err != nil {
			t.Fatal(err)
		}
	})
	t.Run("SaysWhichServiceIsAway", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := scriptsv1.NewScriptsBusClient(bustest.New(t)).Invoke(ctx, &scriptsv1.InvokeRequest{})
		if fault.CodeOf(err) != fault.CodeUnavailable || !strings.Contains(err.Error(), "scripts") {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("ValidatesWhatTheEdgeHasNotChecked", func(t *testing.T) {
		t.Parallel()
		refuse := func(proto.Message) error { return fault.Invalid("bad") }
		client := serve(t, bustest.New(t), bus.ServerConfig{Validate: refuse}, func(context.Context, *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
			return &scriptsv1.InvokeResponse{}, nil
		})
		if _, err := client.Invoke(t.Context(), &scriptsv1.InvokeRequest{}); fault.CodeOf(err) != fault.CodeInvalid {
			t.Fatalf("unchecked: got %v", err)
		}
		if _, err := client.Invoke(bus.WithChecked(t.Context()), &scriptsv1.InvokeRequest{}); err != nil {
			t.Fatalf("checked: got %v", err)
		}
	})
}

func TestServe(t *testing.T) {
	t.Parallel()

	t.Run("SpeaksJSONToThoseWhoDo", func(t *testing.T) {
		t.Parallel()
		server := bustest.Start(t)
		serve(t, server.Connect(t, "owner"), bus.ServerConfig{}, func(_ context.Context, in *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
			return &scriptsv1.InvokeResponse{Output: in.GetInput()}, nil
		})
		nc, err := nats.Connect("", nats.InProcessServer(server.Server))
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		msg := nats.NewMsg(scriptsv1.ScriptsInvoke.Subject + ".t1")
		msg.Header.Set("Content-Type", "application/json")
		msg.Data = []byte(`{"actionId":"1","input":{"big":12345678901234567890}}`)
		answer := requestUntilServed(t, nc, msg)
		if !strings.Contains(string(answer.Data), `"output":{"big":12345678901234567890}`) {
			t.Fatalf("got %s", answer.Data)
		}
	})
	t.Run("FinishesWhatItHoldsWhenStopped", func(t *testing.T) {
		t.Parallel()
		server := bustest.Start(t)
		entered, release := make(chan struct{}), make(chan struct{})
		owner := server.Connect(t, "owner")
		srv := owner.NewServer(bus.ServerConfig{})
		scriptsv1.RegisterScriptsScriptsServer(srv, scripts(func(ctx context.Context, _ *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
			close(entered)
			<-release
			return &scriptsv1.InvokeResponse{}, ctx.Err()
		}))
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan error, 1)
		go func() { stopped <- srv.Run(ctx) }()
		result := make(chan error, 1)
		go func() {
			_, err := scriptsv1.NewScriptsBusClient(server.Connect(t, "caller")).Invoke(context.Background(), &scriptsv1.InvokeRequest{})
			result <- err
		}()
		<-entered
		stop()
		close(release)
		if err := errors.Join(<-result, <-stopped); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("TwoReplicasShareTheWork", func(t *testing.T) {
		t.Parallel()
		server := bustest.Start(t)
		var handled atomic.Int64
		h := func(context.Context, *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
			handled.Add(1)
			return &scriptsv1.InvokeResponse{}, nil
		}
		serve(t, server.Connect(t, "one"), bus.ServerConfig{}, h)
		client := serve(t, server.Connect(t, "two"), bus.ServerConfig{}, h)
		for range 50 {
			if _, err := client.Invoke(t.Context(), &scriptsv1.InvokeRequest{}); err != nil {
				t.Fatal(err)
			}
		}
		if handled.Load() != 50 {
			t.Fatalf("50 calls were handled %d times", handled.Load())
		}
	})
}

func requestUntilServed(t *testing.T, nc *nats.Conn, msg *nats.Msg) *nats.Msg {
	t.Helper()
	for {
		answer, err := nc.RequestMsgWithContext(t.Context(), msg)
		if err == nil {
			return answer
		}
		if !errors.Is(err, nats.ErrNoResponders) {
			t.Fatal(err)
		}
	}
}

// hooks forwards its calls to scripts.
type hooks struct{ conn *bus.Conn }

func (h hooks) RunRequestHook(ctx context.Context, in *hooksv1.RunRequestHookRequest) (*hooksv1.RunHookResponse, error) {
	return nil, h.conn.Forward(ctx, &scriptsv1.ScriptsInvoke, &scriptsv1.InvokeRequest{Input: in.GetPayload()})
}

func (h hooks) RunResponseHook(context.Context, *hooksv1.RunResponseHookRequest) (*hooksv1.RunHookResponse, error) {
	return nil, fault.Unavailable("not here")
}

func (h hooks) RunFunctionHook(context.Context, *hooksv1.RunFunctionHookRequest) (*hooksv1.RunHookResponse, error) {
	return nil, fault.Unavailable("not here")
}

func TestForwardLetsAnotherOwnerAnswer(t *testing.T) {
	t.Parallel()
	server := bustest.Start(t)
	first := server.Connect(t, "first")
	srv := first.NewServer(bus.ServerConfig{})
	hooksv1.RegisterExecutionsHooksServer(srv, hooks{conn: first})
	bustest.Run(t, srv.Run)
	var asked tenant.ID
	serve(t, server.Connect(t, "second"), bus.ServerConfig{}, func(ctx context.Context, in *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
		asked = tenant.From(ctx).Tenant
		// Field 1 of both answers: the caller decodes it as a run id.
		return &scriptsv1.InvokeResponse{Output: in.GetInput()}, nil
	})
	ctx := tenant.With(t.Context(), tenant.Identity{Tenant: "t9"})
	out, err := hooksv1.NewHooksBusClient(server.Connect(t, "caller")).RunRequestHook(ctx, &hooksv1.RunRequestHookRequest{Payload: []byte("42")})
	if err != nil || out.GetRunId() != "42" || asked != "t9" {
		t.Fatalf("got %v, %v, tenant %q", out, err, asked)
	}
}

func TestForwardSaysThatTheOtherOwnerIsAway(t *testing.T) {
	t.Parallel()
	server := bustest.Start(t)
	first := server.Connect(t, "first")
	srv := first.NewServer(bus.ServerConfig{})
	hooksv1.RegisterExecutionsHooksServer(srv, hooks{conn: first})
	bustest.Run(t, srv.Run)
	_, err := hooksv1.NewHooksBusClient(server.Connect(t, "caller")).RunRequestHook(t.Context(), &hooksv1.RunRequestHookRequest{Payload: []byte("42")})
	if fault.CodeOf(err) != fault.CodeUnavailable || !strings.Contains(err.Error(), "scripts") {
		t.Fatalf("got %v", err)
	}
}

func TestConsume(t *testing.T) {
	t.Parallel()
	stream := bus.Stream{Name: "THINGS", Subjects: []string{"things.>"}}

	t.Run("HandlesEachOnceWhenNothingFails", func(t *testing.T) {
		t.Parallel()
		conn := bustest.New(t)
		publish(t, conn, stream, 200)
		var mu sync.Mutex
		seen := map[string]int{}
		all := make(chan struct{})
		bustest.Run(t, func(ctx context.Context) error {
			return conn.Consume(ctx, bus.Consumer{Stream: "THINGS", Name: "c"}, func(_ context.Context, m bus.Message) error {
				mu.Lock()
				defer mu.Unlock()
				seen[m.ID()]++
				if len(seen) == 200 {
					close(all)
				}
				return nil
			})
		})
		<-all
		mu.Lock()
		defer mu.Unlock()
		for id, n := range seen {
			if n != 1 {
				t.Errorf("%s was handled %d times", id, n)
			}
		}
	})
	t.Run("RetriesOurTroubleAndTerminatesTheirs", func(t *testing.T) {
		t.Parallel()
		conn := bustest.New(t)
		publish(t, conn, stream, 2)
		done := make(chan uint64, 8)
		var refused atomic.Int64
		bustest.Run(t, func(ctx context.Context) error {
			return conn.Consume(ctx, bus.Consumer{Stream: "THINGS", Name: "c", Concurrency: 1}, func(_ context.Context, m bus.Message) error {
				if m.ID() == "0" {
					refused.Add(1)
					return fault.Invalid("malformed")
				}
				if m.Delivered < 3 {
					return fault.Unavailable("database away")
				}
				done <- m.Delivered
				return nil
			})
		})
		if got := <-done; got != 3 || refused.Load() != 1 {
			t.Fatalf("delivered %d times; the malformed one %d times", got, refused.Load())
		}
	})
	t.Run("APanicIsAFailureOfOneMessage", func(t *testing.T) {
		t.Parallel()
		conn := bustest.New(t)
		publish(t, conn, stream, 1)
		done := make(chan struct{})
		bustest.Run(t, func(ctx context.Context) error {
			return conn.Consume(ctx, bus.Consumer{Stream: "THINGS", Name: "c"}, func(_ context.Context, m bus.Message) error {
				if m.Delivered == 1 {
					panic("once")
				}
				close(done)
				return nil
			})
		})
		<-done
	})
}

func TestEnsureStream(t *testing.T) {
	t.Parallel()
	conn := bustest.New(t)
	stream := bus.Stream{Name: "THINGS", Subjects: []string{"things.>"}, MaxAge: time.Hour}

	t.Run("TwoAtOnceAreOne", func(t *testing.T) {
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if err := conn.EnsureStream(t.Context(), stream); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
	})
	t.Run("ADifferenceIsBroughtUpToDate", func(t *testing.T) {
		stream.Subjects = append(stream.Subjects, "more.>")
		if err := conn.EnsureStream(t.Context(), stream); err != nil {
			t.Fatal(err)
		}
		if err := conn.Publish(t.Context(), "more.x", "1", nil, nil); err != nil {
			t.Fatal(err)
		}
	})
}

func TestEnsureSomeStream(t *testing.T) {
	t.Parallel()
	full := bus.Stream{Name: "THINGS", Subjects: []string{"things.>", "more.>"}, MaxAge: time.Hour, Batches: true}
	some := bus.Stream{Name: "THINGS", Subjects: []string{"things.>"}}
	batch := []bus.Outgoing{{Subject: "more.x", ID: "1"}, {Subject: "things.x", ID: "2"}}

	t.Run("CreatesOneWhereThereIsNone", func(t *testing.T) {
		t.Parallel()
		conn := bustest.New(t)
		if err := conn.EnsureSomeStream(t.Context(), some); err != nil {
			t.Fatal(err)
		}
		publish(t, conn, some, 1)
	})
	t.Run("WhoeverIsFirstTheStreamIsAsItsOwnerWantsIt", func(t *testing.T) {
		t.Parallel()
		server := bustest.Start(t)
		owner := server.Connect(t, "owner")
		var all sync.WaitGroup
		for range 8 {
			user := server.Connect(t, "user")
			all.Go(func() {
				if err := user.EnsureSomeStream(t.Context(), some); err != nil {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			if err := owner.EnsureStream(t.Context(), full); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		if err := owner.PublishAll(t.Context(), batch); err != nil {
			t.Error(err)
		}
	})
}

func TestPublishWithoutAStreamIsAnError(t *testing.T) {
	t.Parallel()
	if err := bustest.New(t).Publish(t.Context(), "nowhere", "1", nil, nil); fault.CodeOf(err) != fault.CodeUnavailable {
		t.Fatalf("got %v", err)
	}
}

func TestFollowSeesEverythingAfterReady(t *testing.T) {
	t.Parallel()
	conn := bustest.New(t)
	publish(t, conn, bus.Stream{Name: "THINGS", Subjects: []string{"things.>"}}, 3)
	ready, got := make(chan uint64, 1), make(chan uint64, 2)
	bustest.Run(t, func(ctx context.Context) error {
		return conn.Follow(ctx, "THINGS", []string{"things.>"}, func(last uint64) { ready <- last }, func(m bus.Message) { got <- m.Sequence })
	})
	if last := <-ready; last != 3 {
		t.Fatalf("ready at %d", last)
	}
	for _, id := range []string{"a", "b"} {
		if err := conn.Publish(t.Context(), "things.x", id, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := <-got, <-got; a != 4 || b != 5 {
		t.Fatalf("got %d, %d", a, b)
	}
}

func publish(t *testing.T, conn *bus.Conn, s bus.Stream, n int) {
	t.Helper()
	if err := conn.EnsureStream(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := conn.Publish(t.Context(), "things.x", fmt.Sprint(i), nil, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkCall(b *testing.B) {
	conn := bustest.New(b)
	srv := conn.NewServer(bus.ServerConfig{})
	scriptsv1.RegisterScriptsScriptsServer(srv, scripts(func(_ context.Context, in *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
		return &scriptsv1.InvokeResponse{Output: in.GetInput()}, nil
	}))
	bustest.Run(b, srv.Run)
	client := scriptsv1.NewScriptsBusClient(conn)
	in := &scriptsv1.InvokeRequest{Input: make([]byte, 1024)}
	for b.Loop() {
		if _, err := client.Invoke(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}

package bus_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/busserver"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
)

const invokeSubject = "actionplane.scripts.v1.rpc.invoke"

// foreign is a client that knows the documented subjects and no library of
// ours.
func foreign(t *testing.T, s *bustest.Server) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(s.Server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func TestForeignClient(t *testing.T) {
	t.Parallel()
	server := bustest.Start(t)
	var asked tenant.Identity
	serve(t, server.Connect(t, "owner"), bus.ServerConfig{}, func(ctx context.Context, in *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
		asked = tenant.From(ctx)
		return &scriptsv1.InvokeResponse{Output: in.GetInput()}, nil
	})
	nc := foreign(t, server)

	request := func(t *testing.T, msg *nats.Msg) *nats.Msg {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		answer, err := nc.RequestMsgWithContext(ctx, msg)
		if err != nil {
			t.Fatal(err)
		}
		if text := answer.Header.Get("Nats-Service-Error"); text != "" {
			t.Fatalf("refused: %s", text)
		}
		return answer
	}
	// One after the other: the owner notes who asked.
	t.Run("TheSubjectSaysTheTenant", func(t *testing.T) {
		request(t, &nats.Msg{Subject: invokeSubject + ".t1"})
		if asked.Tenant != "t1" {
			t.Fatalf("tenant %q", asked.Tenant)
		}
	})
	t.Run("AHeaderCannotClaimAnotherTenant", func(t *testing.T) {
		request(t, &nats.Msg{Subject: invokeSubject + ".t1", Header: nats.Header{
			"Actionplane-Tenant": {"t2"}, "Actionplane-Person": {"p"},
		}})
		if asked.Tenant != "t1" || asked.Person != "p" {
			t.Fatalf("identity %+v", asked)
		}
	})
	t.Run("SpeaksJSONWithACharset", func(t *testing.T) {
		answer := request(t, &nats.Msg{
			Subject: invokeSubject + ".t1",
			Header:  nats.Header{"Content-Type": {"Application/JSON; charset=utf-8"}},
			Data:    []byte(`{"actionId":"7"}`),
		})
		if answer.Header.Get("Content-Type") != "application/json" || string(answer.Data) != "{}" {
			t.Fatalf("got %v %s", answer.Header, answer.Data)
		}
	})
}

func TestCallWithoutAConnectionIsUnavailableNotLate(t *testing.T) {
	t.Parallel()
	server, err := busserver.Start(busserver.Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	conn := (&bustest.Server{Server: server}).Connect(t, "caller")
	server.Stop()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for conn.Ready(t.Context()) == nil { // until the client has noticed
		<-again.C
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err = scriptsv1.NewScriptsBusClient(conn).Invoke(ctx, &scriptsv1.InvokeRequest{})
	if fault.CodeOf(err) != fault.CodeUnavailable || !errors.Is(err, nats.ErrDisconnected) {
		t.Fatalf("got %v", err)
	}
}

package sdk_test

import (
	"context"
	"errors"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdktest"
)

func TestConnect(t *testing.T) {
	t.Parallel()
	a := sdktest.Start(t, nil)

	t.Run("OpensAndClosesAConnectionOfItsOwn", func(t *testing.T) {
		t.Parallel()
		closed := make(chan struct{})
		client, err := sdk.Connect(t.Context(), sdk.Config{Name: "shop", Options: []nats.Option{
			nats.InProcessServer(a.Server()), nats.ClosedHandler(func(*nats.Conn) { close(closed) }),
		}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Request(t.Context(), sdk.Hook{Method: method}); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := client.Close(); err != nil {
				t.Error(err)
			}
		}
		<-closed
	})
	t.Run("LeavesABorrowedConnectionOpen", func(t *testing.T) {
		t.Parallel()
		nc := a.Connect(t)
		client, err := sdk.New(nc, sdk.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Close(); err != nil || !nc.IsConnected() {
			t.Fatalf("%v, connected %v", err, nc.IsConnected())
		}
	})
	t.Run("RefusesATenantThatIsNoSubjectToken", func(t *testing.T) {
		t.Parallel()
		for _, tenant := range []string{"a.b", "*", ">", "a b"} {
			if _, err := sdk.New(a.Connect(t), sdk.Config{Tenant: tenant}); err == nil {
				t.Errorf("%q was taken", tenant)
			}
		}
	})
	t.Run("FailsAtOnceWithoutAServer", func(t *testing.T) {
		t.Parallel()
		if _, err := sdk.Connect(t.Context(), sdk.Config{URL: "nats://127.0.0.1:1"}); err == nil {
			t.Error("connected to nothing")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := sdk.Connect(ctx, sdk.Config{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

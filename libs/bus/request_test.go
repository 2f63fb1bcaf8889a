package bus_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
)

func TestRequest(t *testing.T) {
	t.Parallel()
	server := bustest.Start(t)
	conn := server.Connect(t, "asker")
	nc, err := nats.Connect("", nats.InProcessServer(server.Server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	listen := func(t *testing.T, subject string, f nats.MsgHandler) {
		t.Helper()
		if _, err := nc.Subscribe(subject, f); err != nil {
			t.Fatal(err)
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
	}

	t.Run("CarriesHeadersAndData", func(t *testing.T) {
		t.Parallel()
		listen(t, "orders.check", func(m *nats.Msg) { _ = m.Respond([]byte(m.Header.Get("X-A") + string(m.Data))) })
		got, err := conn.Request(t.Context(), "orders.check", map[string][]string{"X-A": {"1"}}, []byte("2"))
		if err != nil || string(got) != "12" {
			t.Fatalf("got %q, %v", got, err)
		}
	})
	t.Run("TellsNobodyFromNoTime", func(t *testing.T) {
		t.Parallel()
		if _, err := conn.Request(t.Context(), "orders.nobody", nil, nil); fault.CodeOf(err) != fault.CodeNotFound {
			t.Fatalf("nobody: %v", err)
		}
		listen(t, "orders.silent", func(*nats.Msg) {})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := conn.Request(ctx, "orders.silent", nil, nil); fault.CodeOf(err) != fault.CodeDeadline {
			t.Fatalf("silent: %v", err)
		}
	})
	t.Run("HandsBackTheListenersError", func(t *testing.T) {
		t.Parallel()
		listen(t, "orders.refused", func(m *nats.Msg) {
			_ = m.RespondMsg(&nats.Msg{Header: nats.Header{"Nats-Service-Error-Code": {"422"}, "Nats-Service-Error": {"no stock"}}})
		})
		_, err := conn.Request(t.Context(), "orders.refused", nil, nil)
		var refused *bus.Refusal
		if !errors.As(err, &refused) || refused.Status != 422 || refused.Text != "no stock" {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("ReachesNothingOfOurs", func(t *testing.T) {
		t.Parallel()
		for _, subject := range []string{
			"actionplane", "actionplane.targets.v1.rpc.get_signing_keys.t", "$JS.API.INFO", "$SYS.x", "_INBOX.a.b", "_R_.x",
			"", "a..b", ".a", "a.", "a.*", "a.>", "a b", "a\r\nPUB x 0",
		} {
			if _, err := conn.Request(t.Context(), subject, nil, nil); fault.CodeOf(err) != fault.CodeInvalid {
				t.Errorf("%q: %v", subject, err)
			}
		}
	})
}

func FuzzCheckSubject(f *testing.F) {
	for _, s := range []string{"a.b", "actionplane.x", "$JS", "_INBOX.1", "a b", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if bus.CheckSubject(s) == nil && (s == "" || s[0] == '$' || s[0] == '_') {
			t.Errorf("%q passed", s)
		}
	})
}

package bus_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
)

func TestInbound(t *testing.T) {
	t.Parallel()
	conn := bustest.New(t)
	var client *scriptsv1.ScriptsBusClient
	seen := make(chan bus.Inbound, 2)
	client = serve(t, conn, bus.ServerConfig{}, func(ctx context.Context, in *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
		got, ok := bus.InboundOf(ctx)
		if seen <- got; !ok || in.GetActionId() == "2" {
			return &scriptsv1.InvokeResponse{}, nil
		}
		return client.Invoke(ctx, &scriptsv1.InvokeRequest{ActionId: "2"})
	})
	req := &scriptsv1.InvokeRequest{ActionId: "1"}
	if _, err := client.Invoke(bus.WithApproval(t.Context(), "r1"), req); err != nil {
		t.Fatal(err)
	}
	data, err := proto.Marshal(req)
	if first := <-seen; err != nil || first.Approval != "r1" || !slices.Equal(first.Data, data) {
		t.Errorf("got %+v", first)
	}
	if second := <-seen; second.Approval != "" {
		t.Errorf("the approval travelled on: %+v", second)
	}
	if _, ok := bus.InboundOf(t.Context()); ok {
		t.Error("there is a call outside a handler")
	}
}

func TestAnErrorBringsItsStatusAndAnswer(t *testing.T) {
	t.Parallel()
	client := serve(t, bustest.New(t), bus.ServerConfig{}, func(context.Context, *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
		return nil, fault.FailedPrecondition("wait").WithStatus(http.StatusAccepted).WithAnswer([]byte(`{"a":1}`))
	})
	_, err := client.Invoke(t.Context(), &scriptsv1.InvokeRequest{})
	f, ok := fault.As(err)
	if !ok || f.HTTPStatus() != http.StatusAccepted || string(f.Answer) != `{"a":1}` || f.Code != fault.CodeFailedPrecondition {
		t.Errorf("got %+v", f)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	conn := bustest.New(t)
	if err := conn.EnsureStream(t.Context(), bus.Stream{Name: "NEWS", Subjects: []string{"news.>"}}); err != nil {
		t.Fatal(err)
	}
	replay := func(filter string) (got []string) {
		t.Helper()
		err := conn.Replay(t.Context(), "NEWS", filter, func(m bus.Message) error {
			got = append(got, string(m.Data))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := replay("news.a"); got != nil {
		t.Errorf("out of nothing: %v", got)
	}
	for i, subject := range []string{"news.a", "news.b", "news.a"} {
		if err := conn.Publish(t.Context(), subject, "", nil, []byte{byte('0' + i)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := replay("news.a"); !slices.Equal(got, []string{"0", "2"}) {
		t.Errorf("got %v", got)
	}
	enough := fault.Invalid("enough")
	if err := conn.Replay(t.Context(), "NEWS", "news.a", func(bus.Message) error { return enough }); err != enough { //nolint:errorlint // the very error
		t.Errorf("got %v", err)
	}
}

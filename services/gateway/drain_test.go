package gateway_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/host"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/gateway"
)

func TestDrain(t *testing.T) {
	t.Parallel()
	w := setup(t)
	arrived, finish := make(chan struct{}, 3), make(chan struct{})
	on(w, &actionv3alpha.ZITADELActionsGetTarget, func(context.Context, *actionv3alpha.GetTargetRequest) (*actionv3alpha.GetTargetResponse, error) {
		arrived <- struct{}{}
		<-finish
		return &actionv3alpha.GetTargetResponse{Target: &actionv3alpha.GetTarget{SigningKey: "k"}}, nil
	})
	type outcome struct {
		name, got string
		err       error
	}
	outcomes := make(chan outcome, 3)
	grpcClient := actionv3alpha.NewZITADELActionsClient(w.grpc(t))
	go func() {
		out, err := grpcClient.GetTarget(as(t, "owner"), &actionv3alpha.GetTargetRequest{Id: "1"})
		outcomes <- outcome{"gRPC", out.GetTarget().GetSigningKey(), err}
	}()
	for name, client := range map[string]*http.Client{"REST": w.client, "REST over HTTP/2": http2Client(t)} {
		go func() {
			a, err := w.try(client, "GET", targets+"/1", "", "Authorization", "Bearer owner")
			outcomes <- outcome{name, strings.TrimSuffix(strings.TrimPrefix(a.body, `{"target":{"signingKey":"`), `"}}`), err}
		}()
	}
	idle, err := net.Dial("tcp", w.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = idle.Close() }()
	if _, err := io.WriteString(idle, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	kept := bufio.NewReader(idle)
	if resp, err := http.ReadResponse(kept, nil); err != nil || resp.StatusCode != http.StatusOK || resp.Close {
		t.Fatalf("got %v, %v", resp, err)
	} else if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	for range cap(arrived) {
		<-arrived
	}

	stopped := make(chan error, 1)
	go func() { stopped <- w.stop() }()
	if _, err := kept.ReadByte(); err == nil { // an idle connection is closed at once
		t.Error("the idle connection spoke")
	}
	if conn, err := net.Dial("tcp", w.addr); err == nil {
		_ = conn.Close()
		t.Error("a new connection was taken")
	}
	select {
	case err := <-stopped:
		t.Fatalf("stopped with calls in hand: %v", err)
	default:
	}
	close(finish)
	for range cap(outcomes) {
		if o := <-outcomes; o.err != nil || o.got != "k" {
			t.Errorf("%s: got %q, %v", o.name, o.got, o.err)
		}
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestStopsBeforeItWasUsed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	if err := w.stop(); err != nil {
		t.Error(err)
	}
}

// TestLameDuck keeps a connection busy while the gateway stops: it is closed
// behind an answer that says so, and never under a request.
func TestLameDuck(t *testing.T) {
	t.Parallel()
	w := setup(t, func(cfg *gateway.Config, _ *host.Deps) { cfg.LameDuck = 200 * time.Millisecond })
	busy, err := net.Dial("tcp", w.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	answers := bufio.NewReader(busy)
	ask := func() (closes bool) {
		if _, err := io.WriteString(busy, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("a request was not answered: %v", err)
		}
		defer func() { _ = resp.Body.Close() }()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("got %s, %v", resp.Status, err)
		}
		return resp.Close
	}
	if ask() {
		t.Fatal("told to go although the gateway stays")
	}
	stopped := make(chan error, 1)
	go func() { stopped <- w.stop() }()
	for !ask() { // until it is known that it stops
	}
	if _, err := answers.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the connection goes on: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

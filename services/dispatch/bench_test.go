package dispatch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sinktest"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/sender"
)

var kilobyte = []byte(`{"text":"` + string(bytes.Repeat([]byte("a"), 1000)) + `"}`)

// bare posts a kilobyte with nothing around it.
func bare(b *testing.B, url string) func() error {
	b.Helper()
	allow, err := egress.ParseAllow("127.0.0.0/8")
	if err != nil {
		b.Fatal(err)
	}
	s := sender.New(sender.Config{Allow: allow})
	b.Cleanup(s.Close)
	return func() error {
		_, err := s.Send(context.Background(), sender.Request{URL: url, Body: kilobyte, Timeout: 10 * time.Second})
		return err
	}
}

// netHTTP posts a kilobyte through Go's own client: the loop that the design's
// limits are measured in.
func netHTTP(b *testing.B, url string) func() error {
	b.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	b.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	return func() error {
		resp, err := client.Post(url, "application/json", bytes.NewReader(kilobyte))
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.Body.Close()
	}
}

// baselines are as many posts in a row to the same receiver, by the bare sender
// and by Go's own client.
func baselines(b *testing.B, url string, callers, posts int) map[string]work {
	b.Helper()
	times := func(f func() error) func() error {
		return func() (err error) {
			for range posts {
				err = errors.Join(err, f())
			}
			return err
		}
	}
	all := map[string]work{"sender": share(b, callers, times(bare(b, url))), "nethttp": share(b, callers, times(netHTTP(b, url)))}
	for _, warmUp := range all {
		warmUp(2 * callers)
	}
	return all
}

// BenchmarkRunHook is a hook with one target or three, over the bus, signed,
// recorded.
func BenchmarkRunHook(b *testing.B) {
	asHosted(b)
	h := newHouse(b)
	h.start(b, quick())
	url := sinktest.New(b).URL
	for _, steps := range []int{1, 3} {
		chain := &dispatchv1.Chain{Condition: "request/a.B/C"}
		for i := range steps {
			chain.Steps = append(chain.Steps, target(strconv.Itoa(i+1), url, webhook, true))
		}
		run := func() error {
			_, err := h.hooks.RunHook(context.Background(), &dispatchv1.RunHookCommand{RunId: h.ids.Next(), Chain: chain,
				Trigger: &dispatchv1.RunHookCommand_Request{Request: &hooksv1.RunRequestHookRequest{Method: "/a.B/C", Payload: kilobyte}}})
			return err
		}
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("steps=%d/callers=%d", steps, callers), func(b *testing.B) {
				ours := share(b, callers, run)
				ours(200)
				compare(b, ours, baselines(b, url, callers, steps))
			})
		}
	}
}

// together is how many events are published at a time.
const together = 64

// BenchmarkDeliverEvent is events, taken from their stream, resolved by a
// stand-in, delivered, signed and recorded. Their time ends when the last one has
// reached its receiver, their CPU time when all are committed and acknowledged.
// Their publisher puts each into a message, or many (sdk.Config, EventsPerMessage).
func BenchmarkDeliverEvent(b *testing.B) {
	for _, perMessage := range []int{1, contract.MostEvents} {
		b.Run(fmt.Sprintf("per_message=%d", perMessage), func(b *testing.B) { benchmarkDeliverEvent(b, perMessage) })
	}
}

func benchmarkDeliverEvent(b *testing.B, perMessage int) {
	b.Helper()
	asHosted(b)
	h := newHouse(b)
	h.start(b, quick())
	receiver := sinktest.New(b)
	k := kind{string(tenant.Default), "a.b"}
	h.executions.answer(k, target("1", receiver.URL, webhook, false))
	events, publisher := make([]sdk.Event, together), h.publisher(b, perMessage)
	for i := range events {
		events[i] = sdk.Event{Type: k.eventType, Payload: kilobyte}
	}
	publish := func(n int) {
		for ; n > 0; n -= together {
			if _, err := publisher.PublishAll(b.Context(), events[:min(n, together)]); err != nil {
				b.Fatal(err)
			}
		}
	}
	deliver := func(n int) cost {
		all, start := receiver.Expect(n), time.Now()
		publish(n)
		<-all
		wall := time.Since(start)
		h.handled(b, 0)
		return cost{wall: wall}
	}
	baselines := baselines(b, receiver.URL, 64, 1)
	deliver(200)
	compare(b, deliver, baselines)
}

// publisher is an internal service.
func (h *house) publisher(b *testing.B, perMessage int) *sdk.Client {
	b.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(h.server.Server))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	client, err := sdk.New(nc, sdk.Config{NoIndex: true, EventsPerMessage: perMessage})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	return client
}

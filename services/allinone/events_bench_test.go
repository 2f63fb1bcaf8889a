package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/approval/approvaltest"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgserver"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sinktest"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/dispatch"
	"github.com/actionplane/actionplane/services/executions"
)

// oneTarget stands in for the targets service.
type oneTarget struct{ url string }

func (o oneTarget) GetTargetSnapshots(_ context.Context, in *targetsv1.GetTargetSnapshotsRequest) (*targetsv1.GetTargetSnapshotsResponse, error) {
	out := &targetsv1.GetTargetSnapshotsResponse{}
	for _, id := range in.GetIds() {
		out.Targets = append(out.Targets, &targetsv1.TargetSnapshot{
			Id: id, Name: "sink", Kind: targetsv1.Kind_KIND_WEBHOOK, Endpoint: o.url, Timeout: durationpb.New(10 * time.Second),
		})
	}
	return out, nil
}

func (oneTarget) GetSendingProfile(context.Context, *targetsv1.GetSendingProfileRequest) (*targetsv1.GetSendingProfileResponse, error) {
	return &targetsv1.GetSendingProfileResponse{SigningKeys: []string{"98KmsU6798KmsU6798KmsU6798KmsU6798Km"}}, nil
}

func (oneTarget) DisableTarget(context.Context, *targetsv1.DisableTargetRequest) (*targetsv1.DisableTargetResponse, error) {
	return &targetsv1.DisableTargetResponse{}, nil
}

// eventHouse is executions and dispatch on a bus and a Postgres of their own.
func eventHouse(b *testing.B, url string) (*bustest.Server, *bus.Conn) {
	b.Helper()
	server := bustest.Start(b)
	log := slog.New(slog.DiscardHandler)
	database, err := pgserver.Start(b.Context(), pgserver.Config{Ephemeral: true, Log: log})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = database.Stop(context.Background()) })
	approvaltest.Serve(b, server.Connect(b, "approvals"))
	srv := server.Connect(b, "targets").NewServer(bus.ServerConfig{})
	targetsv1.RegisterTargetsTargetsServer(srv, oneTarget{url})
	bustest.Run(b, srv.Run)
	deps := func(name string) host.Deps {
		pool, err := pg.Open(b.Context(), pg.Config{URL: database.URL(pgserver.Superuser, "postgres"), Schema: name})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(pool.Close)
		return host.Deps{Log: log, Bus: server.Connect(b, name), DB: pool, Telemetry: telemetry.Nop()}
	}
	cfg := dispatch.DefaultConfig()
	if err := cfg.EgressAllow.UnmarshalText([]byte("127.0.0.0/8")); err != nil {
		b.Fatal(err)
	}
	d, err := dispatch.New(cfg, deps("dispatch"))
	if err != nil {
		b.Fatal(err)
	}
	bustest.Run(b, d.Run)
	sharing := executions.DefaultConfig()
	sharing.EventsPerMessage = contract.MostEvents
	e, err := executions.New(sharing, deps("executions"))
	if err != nil {
		b.Fatal(err)
	}
	bustest.Run(b, e.Run)
	return server, server.Connect(b, "publisher")
}

// byAPI publishes n events through the public API of the bus.
func byAPI(ctx context.Context, conn *bus.Conn, payload []byte) func(n int) error {
	events := actionplanev1.NewEventServiceBusClient(conn)
	return func(n int) error {
		if n == 1 {
			_, err := events.PublishEvent(ctx, &actionplanev1.PublishEventRequest{Event: &eventsv1.Event{Type: "a.b", Payload: payload}})
			return err
		}
		in := &actionplanev1.PublishEventsRequest{}
		for range n {
			in.Events = append(in.Events, &eventsv1.Event{Type: "a.b", Payload: payload})
		}
		_, err := events.PublishEvents(ctx, in)
		return err
	}
}

// bySDK publishes n events through the SDK, of which so many may share a message.
func bySDK(ctx context.Context, b *testing.B, server *bustest.Server, perMessage int, payload []byte) func(n int) error {
	b.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(server.Server))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	client, err := sdk.New(nc, sdk.Config{NoIndex: true, EventsPerMessage: perMessage})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	return func(n int) error {
		if n == 1 {
			_, err := client.Publish(ctx, sdk.Event{Type: "a.b", Payload: payload})
			return err
		}
		events := make([]sdk.Event, n)
		for i := range events {
			events[i] = sdk.Event{Type: "a.b", Payload: payload}
		}
		_, err := client.PublishAll(ctx, events)
		return err
	}
}

// byCallers does n things from some callers, so many of them at once.
func byCallers(b *testing.B, n, callers, together int, do func(int) error) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for {
				from := int(next.Add(int64(together))) - together
				if from >= n {
					return
				}
				if err := do(min(together, n-from)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano()+u.Stime.Nano()) + pgtest.Spent()
}

// BenchmarkEventsAllTheWay is events published, resolved, delivered, signed,
// recorded and acknowledged, against as many bare posts by Go's own client: x/ is
// time until the last one is received, all/ CPU time of everything, Postgres and
// receiver included. They are published one by one from 64 callers, or 64 to a
// batch, which are messages of their own or share one: through the SDK, which puts them into the stream itself, and through the
// public API of the bus, by a call. Parts is what the parts alone come to on the
// same machine, with nothing of ours around them.
func BenchmarkEventsAllTheWay(b *testing.B) {
	before := debug.SetGCPercent(host.DefaultConfig().GCPercent)
	defer debug.SetGCPercent(before)
	sink := sinktest.New(b)
	server, conn := eventHouse(b, sink.URL)
	ctx := tenant.With(b.Context(), tenant.Identity{Tenant: tenant.Default, Person: "p1"})
	_, err := actionv3alpha.NewZITADELActionsBusClient(conn).SetExecution(ctx, &actionv3alpha.SetExecutionRequest{
		Condition: &actionv3alpha.Condition{ConditionType: &actionv3alpha.Condition_Event{Event: &actionv3alpha.EventExecution{
			Condition: &actionv3alpha.EventExecution_Event{Event: "a.b"}}}},
		Execution: &actionv3alpha.Execution{Targets: []*actionv3alpha.ExecutionTargetType{{Type: &actionv3alpha.ExecutionTargetType_Target{Target: "1"}}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	payload := []byte(`{"text":"` + string(bytes.Repeat([]byte("a"), 1000)) + `"}`)
	called := byAPI(ctx, conn, payload)
	direct, shared := bySDK(ctx, b, server, 1, payload), bySDK(ctx, b, server, contract.MostEvents, payload)
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	post := func(int) error {
		resp, err := client.Post(sink.URL, "application/json", bytes.NewReader(payload))
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.Body.Close()
	}
	house := func() bool {
		acked, last, err := conn.Backlog(ctx, contract.EventsStream, contract.EventsConsumer)
		return err == nil && acked == last
	}
	parts := newParts(b, sink.URL)
	published := int64(0)
	byParts := func() bool { return parts.acked.Load() == published }
	for _, shape := range []struct {
		name              string
		publish           func(int) error
		settled           func() bool
		callers, together int
	}{
		{"Parts", parts.publish(payload), byParts, 2, 64},
		{"SDK/OneByOne", direct, house, 64, 1}, {"SDK/Batches", direct, house, 2, 64}, {"SDK/Shared", shared, house, 2, 64},
		{"API/OneByOne", called, house, 64, 1}, {"API/Shared", called, house, 2, 64},
	} {
		b.Run(shape.name, func(b *testing.B) {
			b.ReportAllocs()
			settled := func() {
				tick := time.NewTicker(time.Millisecond)
				defer tick.Stop()
				for !shape.settled() {
					<-tick.C
				}
			}
			published = parts.acked.Load() + 200
			all := sink.Expect(200)
			byCallers(b, 200, shape.callers, shape.together, shape.publish)
			<-all
			settled()
			bareCPU, bare := cpuTime(), time.Now()
			byCallers(b, b.N, 64, 1, post)
			tookBare := time.Since(bare)
			bareCPU = cpuTime() - bareCPU
			published += int64(b.N)
			all = sink.Expect(b.N)
			b.ResetTimer()
			cpu, start := cpuTime(), time.Now()
			byCallers(b, b.N, shape.callers, shape.together, shape.publish)
			<-all
			took := time.Since(start)
			settled()
			b.StopTimer()
			cpu = cpuTime() - cpu
			b.ReportMetric(float64(took)/float64(tookBare), "x/nethttp")
			b.ReportMetric(float64(cpu)/float64(bareCPU), "all/nethttp")
		})
	}
}

package dispatch_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	executionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/executions/v1"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/store/migrations"
)

const signingKey = "98KmsU6798KmsU6798KmsU6798KmsU6798Km"

// house is a bus, a database, and stand-ins for the neighbours.
type house struct {
	server     *bustest.Server
	conn       *bus.Conn
	js         jetstream.JetStream
	url        string
	runs       *actionplanev1.RunServiceBusClient
	hooks      *dispatchv1.DispatchBusClient
	ids        *ident.Source
	targets    *targets
	scripts    *scripts
	executions *executions
}

// targets stands in for the targets service.
type targets struct {
	deleted  sync.Map     // of ids
	profiles sync.Map     // of *GetSendingProfileResponse by id, instead of the usual one
	disabled sync.Map     // of reasons by id
	asked    atomic.Int64 // for profiles
}

func (s *targets) GetTargetSnapshots(context.Context, *targetsv1.GetTargetSnapshotsRequest) (*targetsv1.GetTargetSnapshotsResponse, error) {
	return nil, fault.Internal("not asked for here")
}

func (s *targets) GetSendingProfile(_ context.Context, in *targetsv1.GetSendingProfileRequest) (*targetsv1.GetSendingProfileResponse, error) {
	s.asked.Add(1)
	if _, gone := s.deleted.Load(in.GetTargetId()); gone {
		return nil, fault.NotFound("Target not found")
	}
	if p, ok := s.profiles.Load(in.GetTargetId()); ok {
		return p.(*targetsv1.GetSendingProfileResponse), nil
	}
	return &targetsv1.GetSendingProfileResponse{SigningKeys: []string{signingKey}}, nil
}

func (s *targets) DisableTarget(_ context.Context, in *targetsv1.DisableTargetRequest) (*targetsv1.DisableTargetResponse, error) {
	s.disabled.Store(in.GetTargetId(), in.GetReason())
	return &targetsv1.DisableTargetResponse{}, nil
}

// scripts stands in for the scripts service.
type scripts struct {
	invoke func(*scriptsv1.InvokeRequest) *scriptsv1.InvokeResponse
}

func (s *scripts) Invoke(_ context.Context, in *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
	if s.invoke == nil {
		return nil, fault.NotFound("no such action")
	}
	return s.invoke(in), nil
}

func newHouse(t testing.TB) *house {
	t.Helper()
	server := bustest.Start(t)
	h := &house{
		server: server, conn: server.Connect(t, "caller"), url: pgtest.URL(t, "dispatch", migrations.FS),
		js: streams(t, server), ids: ident.NewSource(7), targets: &targets{}, scripts: &scripts{}, executions: newExecutions(),
	}
	h.runs, h.hooks = actionplanev1.NewRunServiceBusClient(h.conn), dispatchv1.NewDispatchBusClient(h.conn)
	neighbours := server.Connect(t, "neighbours")
	srv := neighbours.NewServer(bus.ServerConfig{})
	targetsv1.RegisterTargetsTargetsServer(srv, h.targets)
	scriptsv1.RegisterScriptsScriptsServer(srv, h.scripts)
	executionsv1.RegisterExecutionsExecutionsServer(srv, h.executions)
	bustest.Run(t, srv.Run)
	for _, stream := range []bus.Stream{
		changefeed.Stream(),
		{Name: contract.EventsStream, Subjects: []string{contract.EventSubjects}, WorkQueue: true},
		{Name: contract.RunsStream, Subjects: []string{contract.DeliverEventSubjects}, WorkQueue: true},
	} {
		if err := h.conn.EnsureStream(t.Context(), stream); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// streams looks at streams as an operator does, with no library of ours.
func streams(t testing.TB, server *bustest.Server) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(server.Server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// quick is a configuration in which everything happens soon.
func quick() dispatch.Config {
	cfg := dispatch.DefaultConfig()
	if err := cfg.EgressAllow.UnmarshalText([]byte("127.0.0.0/8,::1")); err != nil {
		panic(err)
	}
	cfg.Pause = 20 * time.Millisecond
	cfg.Grace = 50 * time.Millisecond
	cfg.Poll = 100 * time.Millisecond
	cfg.Retry = delivery.Policy{Schedule: []time.Duration{0, time.Millisecond, time.Millisecond}, MaxRetryAfter: time.Hour}
	return cfg
}

// open opens a pool on the database.
func (h *house) open(t testing.TB) *pg.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), pg.Config{URL: h.url, Schema: "dispatch"})
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// start runs a replica until the test ends or stop is called, which waits.
func (h *house) start(t testing.TB, cfg dispatch.Config) (stop func()) {
	t.Helper()
	return h.startOn(t, cfg, h.open(t))
}

func (h *house) startOn(t testing.TB, cfg dispatch.Config, pool *pg.Pool) (stop func()) {
	t.Helper()
	s, err := dispatch.New(cfg, host.Deps{
		Log: slog.New(slog.DiscardHandler), Bus: h.server.Connect(t, "dispatch"), DB: pool, Telemetry: telemetry.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		pool.Close()
	})
	t.Cleanup(stop)
	return stop
}

// target is a step of a chain.
func target(id, endpoint string, kind targetsv1.Kind, interrupts bool) *targetsv1.TargetSnapshot {
	return &targetsv1.TargetSnapshot{
		Id: id, Name: "target " + id, Kind: kind, Endpoint: endpoint, Timeout: durationpb.New(10 * time.Second), InterruptOnError: interrupts,
	}
}

const (
	webhook = targetsv1.Kind_KIND_WEBHOOK
	call    = targetsv1.Kind_KIND_CALL
	async   = targetsv1.Kind_KIND_ASYNC
)

// publish announces an event of a type of its own, to which a chain of these
// steps answers, and returns its id.
func (h *house) publish(t testing.TB, eventID string, steps ...*targetsv1.TargetSnapshot) string {
	t.Helper()
	return h.publishInOrder(t, "", eventID, steps...)
}

// publishInOrder publishes an event with an ordering key.
func (h *house) publishInOrder(t testing.TB, key, eventID string, steps ...*targetsv1.TargetSnapshot) string {
	t.Helper()
	k := kindOf(eventID)
	h.executions.answer(k, steps...)
	h.announce(t, k, &eventsv1.Event{Id: eventID, OrderingKey: key, Payload: payloadOf(eventID)})
	return eventID
}

func payloadOf(eventID string) []byte { return []byte(`{"name":"` + eventID + `"}`) }

// announce puts an event into its stream, as its publisher does who tries for
// longer than the stream remembers the event's id.
func (h *house) announce(t testing.TB, k kind, event *eventsv1.Event) {
	t.Helper()
	data, err := proto.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.conn.Publish(t.Context(), contract.EventSubject(k.tenant, k.eventType), "", nil, data); err != nil {
		t.Fatal(err)
	}
}

// received is what a receiver got.
type received struct {
	path   string
	header http.Header
	body   string
}

// receiver answers as told and keeps what it got.
func receiver(t testing.TB, answer func(n int, r received) (status int, body string)) (string, chan received) {
	t.Helper()
	got := make(chan received, 10_000)
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		one := received{path: r.URL.Path, header: r.Header, body: string(body)}
		status, text := answer(int(n.Add(1)), one)
		got <- one
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

func ok(int, received) (int, string) { return http.StatusOK, "" }

// eventually waits for a condition that becomes true by itself.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(time.Minute)
	for !condition() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

// run returns the run of an event; nil where there is none.
func (h *house) run(t testing.TB, eventID string) *actionplanev1.Run {
	t.Helper()
	runs := h.runsOf(t, tenant.Default, eventID)
	if len(runs) == 0 {
		return nil
	}
	if len(runs) > 1 {
		t.Fatalf("event %s made %d runs", eventID, len(runs))
	}
	out, err := h.runs.GetRun(t.Context(), &actionplanev1.GetRunRequest{Id: runs[0].GetId()})
	if fault.CodeOf(err) == fault.CodeNotFound { // it has expired meanwhile
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.GetRun()
}

// runsOf returns the runs of a tenant's event.
func (h *house) runsOf(t testing.TB, of tenant.ID, eventID string) []*actionplanev1.Run {
	t.Helper()
	ctx := tenant.With(t.Context(), tenant.Identity{Tenant: of})
	out, err := h.runs.ListRuns(ctx, &actionplanev1.ListRunsRequest{EventId: eventID})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetRuns()
}

// settled waits until all deliveries of an event have ended and returns its run.
func (h *house) settled(t testing.TB, eventID string) *actionplanev1.Run {
	t.Helper()
	var r *actionplanev1.Run
	eventually(t, "event "+eventID+" to be delivered or not", func() bool {
		r = h.run(t, eventID)
		return r != nil && over(r)
	})
	return r
}

// settledRun is settled for a run, whatever made it.
func (h *house) settledRun(t testing.TB, runID string) *actionplanev1.Run {
	t.Helper()
	var r *actionplanev1.Run
	eventually(t, "run "+runID+" to end", func() bool {
		out, err := h.runs.GetRun(t.Context(), &actionplanev1.GetRunRequest{Id: runID})
		r = out.GetRun()
		return err == nil && over(r)
	})
	return r
}

func over(r *actionplanev1.Run) bool {
	return !slices.ContainsFunc(r.GetDeliveries(), func(d *actionplanev1.Delivery) bool { return !ended(d.GetState()) })
}

// handled waits until every event is acknowledged, but for some.
func (h *house) handled(t testing.TB, but int) {
	t.Helper()
	eventually(t, "every event to be handled", func() bool {
		c := h.progress(t)
		return c.NumPending == 0 && c.NumAckPending == but
	})
}

// progress is how far dispatch has come with events, once it has begun with them.
func (h *house) progress(t testing.TB) *jetstream.ConsumerInfo {
	t.Helper()
	var consumer jetstream.Consumer
	eventually(t, "somebody to take events", func() (ok bool) {
		var err error
		consumer, err = h.js.Consumer(t.Context(), contract.EventsStream, contract.EventsConsumer)
		return err == nil
	})
	return consumer.CachedInfo()
}

func ended(s actionplanev1.DeliveryState) bool {
	return s >= actionplanev1.DeliveryState_DELIVERY_STATE_SUCCEEDED && s != actionplanev1.DeliveryState_DELIVERY_STATE_QUEUED
}

// story tells a run's deliveries in one line each: state and attempts.
func story(r *actionplanev1.Run) []string {
	var lines []string
	for _, d := range r.GetDeliveries() {
		line := d.GetState().String()[len("DELIVERY_STATE_"):]
		for _, a := range d.GetAttempts() {
			line += fmt.Sprintf(" %d:%s", a.GetNumber(), a.GetOutcome())
			if a.GetStatusCode() != 0 {
				line += "/" + strconv.Itoa(int(a.GetStatusCode()))
			}
		}
		lines = append(lines, line)
	}
	return lines
}

package dispatch_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
	server  *bustest.Server
	conn    *bus.Conn
	url     string
	runs    *actionplanev1.RunServiceBusClient
	hooks   *dispatchv1.DispatchBusClient
	ids     *ident.Source
	targets *targets
	scripts *scripts
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
		ids: ident.NewSource(7), targets: &targets{}, scripts: &scripts{},
	}
	h.runs, h.hooks = actionplanev1.NewRunServiceBusClient(h.conn), dispatchv1.NewDispatchBusClient(h.conn)
	neighbours := server.Connect(t, "neighbours")
	srv := neighbours.NewServer(bus.ServerConfig{})
	targetsv1.RegisterTargetsTargetsServer(srv, h.targets)
	scriptsv1.RegisterScriptsScriptsServer(srv, h.scripts)
	bustest.Run(t, srv.Run)
	for _, stream := range []bus.Stream{changefeed.Stream(), {Name: contract.RunsStream, Subjects: []string{contract.DeliverEventSubjects}, WorkQueue: true}} {
		if err := h.conn.EnsureStream(t.Context(), stream); err != nil {
			t.Fatal(err)
		}
	}
	return h
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

// publish hands an event's run over, as executions does, and returns its id.
func (h *house) publish(t testing.TB, eventID string, steps ...*targetsv1.TargetSnapshot) string {
	t.Helper()
	runID := h.ids.Next()
	data, err := proto.Marshal(&dispatchv1.DeliverEventCommand{
		RunId: runID, Chain: &dispatchv1.Chain{Condition: "event/user.human.added", Steps: steps},
		Event: &eventsv1.Event{Id: eventID, Type: "user.human.added", Payload: []byte(`{"name":"` + eventID + `"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.conn.Publish(t.Context(), contract.DeliverEventSubject(string(tenant.Default)), runID, nil, data); err != nil {
		t.Fatal(err)
	}
	return runID
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

// settled waits until all deliveries of a run have ended and returns it.
func (h *house) settled(t testing.TB, runID string) *actionplanev1.Run {
	t.Helper()
	var r *actionplanev1.Run
	eventually(t, "run "+runID+" to end", func() bool {
		out, err := h.runs.GetRun(t.Context(), &actionplanev1.GetRunRequest{Id: runID})
		if err != nil {
			return false
		}
		r = out.GetRun()
		for _, d := range r.GetDeliveries() {
			if !ended(d.GetState()) {
				return false
			}
		}
		return true
	})
	return r
}

// handled waits until every message of runs is acknowledged.
func (h *house) handled(t testing.TB) {
	t.Helper()
	eventually(t, "every message to be handled", func() bool {
		acked, last, err := h.conn.Backlog(t.Context(), contract.RunsStream, "dispatch")
		return err == nil && acked == last
	})
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

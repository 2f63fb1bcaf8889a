package executions_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/approval/approvaltest"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/cache/cachetest"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	executionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/executions/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/executions"
)

// patience bounds waiting for what must come.
const patience = 30 * time.Second

// world is the room with its neighbours: replicas on one bus, one database and
// one Redis, a targets service and a dispatch of the test's own.
type world struct {
	*actionv3alpha.ZITADELActionsBusClient
	hooks     *hooksv1.HooksBusClient
	catalog   *actionplanev1.CatalogServiceBusClient
	events    *actionplanev1.EventServiceBusClient
	chains    *executionsv1.ExecutionsBusClient
	server    *bustest.Server
	conn      *bus.Conn
	db        *pg.Pool
	targets   *fakeTargets
	approvals *approvaltest.Approvals
	log       *journal
	dbURL     string
	redis     string
}

func setup(t testing.TB) *world {
	t.Helper()
	w := &world{
		server: bustest.Start(t), targets: &fakeTargets{known: map[string]*targetsv1.TargetSnapshot{}},
		log: &journal{}, dbURL: pgtest.URL(t, "executions", nil), redis: cachetest.URL(t),
	}
	w.approvals = approvaltest.Serve(t, w.server.Connect(t, "approvals"))
	w.conn = w.server.Connect(t, "test")
	w.db = w.open(t)
	w.ZITADELActionsBusClient = actionv3alpha.NewZITADELActionsBusClient(w.conn)
	w.hooks = hooksv1.NewHooksBusClient(w.conn)
	w.catalog = actionplanev1.NewCatalogServiceBusClient(w.conn)
	w.events = actionplanev1.NewEventServiceBusClient(w.conn)
	w.chains = executionsv1.NewExecutionsBusClient(w.conn)

	srv := w.server.Connect(t, "targets").NewServer(bus.ServerConfig{})
	targetsv1.RegisterTargetsTargetsServer(srv, w.targets)
	bustest.Run(t, srv.Run)
	srv = w.server.Connect(t, "dispatch").NewServer(bus.ServerConfig{})
	dispatchv1.RegisterDispatchDispatchServer(srv, fakeDispatch{})
	bustest.Run(t, srv.Run)
	return w
}

// begun is setup with as many replicas at work.
func begun(t testing.TB, replicas int) *world {
	t.Helper()
	w := setup(t)
	for range replicas {
		w.start(t, executions.DefaultConfig())
	}
	return w
}

func (w *world) open(t testing.TB) *pg.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), pg.Config{URL: w.dbURL, Schema: "executions", MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// start runs a replica with connections of its own until the test ends, and
// returns once it serves.
func (w *world) start(t testing.TB, cfg executions.Config) {
	t.Helper()
	w.startWith(t, cfg, host.Deps{Cache: cachetest.Open(t, w.redis)})
}

func (w *world) startWith(t testing.TB, cfg executions.Config, deps host.Deps) {
	t.Helper()
	deps.Log = slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	deps.Bus = w.connect(t, deps.Log)
	if deps.DB == nil {
		deps.DB = w.open(t)
	}
	s, err := executions.New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	bustest.Run(t, s.Run)
	if _, err := w.ListExecutionFunctions(t.Context(), &actionv3alpha.ListExecutionFunctionsRequest{}); err != nil {
		t.Fatal(err)
	}
}

// connect is the server's Connect with a log.
func (w *world) connect(t testing.TB, log *slog.Logger) *bus.Conn {
	t.Helper()
	conn, err := bus.Connect(t.Context(), bus.Config{InProcess: w.server.Server, Name: "executions"}, bus.Deps{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// as returns a context of a tenant that nobody else has.
func as(t testing.TB) context.Context {
	return tenant.With(t.Context(), tenant.Identity{Tenant: tenant.ID(ident.NewUUID()), Person: "p1"})
}

func tenantOf(ctx context.Context) string { return string(tenant.From(ctx).Tenant) }

// set stores a list and returns when it was changed.
func (w *world) set(ctx context.Context, t testing.TB, conditionID string, entries ...string) time.Time {
	t.Helper()
	out, err := w.SetExecution(ctx, setRequest(conditionID, entries...))
	if err != nil {
		t.Fatalf("set %s to %v: %v", conditionID, entries, err)
	}
	return out.GetDetails().GetChanged().AsTime()
}

// setRequest sets a condition, by its id, to a list of target ids and, after a
// "+", of included conditions' ids.
func setRequest(conditionID string, entries ...string) *actionv3alpha.SetExecutionRequest {
	in := &actionv3alpha.SetExecutionRequest{Condition: wire(conditionID), Execution: &actionv3alpha.Execution{}}
	for _, e := range entries {
		line := &actionv3alpha.ExecutionTargetType{Type: &actionv3alpha.ExecutionTargetType_Target{Target: e}}
		if e[0] == '+' {
			line.Type = &actionv3alpha.ExecutionTargetType_Include{Include: wire(e[1:])}
		}
		in.Execution.Targets = append(in.Execution.Targets, line)
	}
	return in
}

// request runs the request hook of a method and returns the winner and the ids
// of the targets that dispatch was told to call.
func (w *world) request(ctx context.Context, t testing.TB, method string) (condition string, targets []string) {
	t.Helper()
	out, err := w.hooks.RunRequestHook(ctx, &hooksv1.RunRequestHookRequest{Method: method, Payload: []byte(`{"a":1}`)})
	if err != nil {
		t.Fatalf("request hook of %s: %v", method, err)
	}
	return answer(out)
}

func answer(out *hooksv1.RunHookResponse) (condition string, targets []string) {
	for _, s := range out.GetSteps() {
		targets = append(targets, s.GetTargetId())
	}
	return out.GetCondition(), targets
}

// eventually waits until what is asked is so.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	giveUp := time.After(patience)
	for !so() {
		select {
		case <-again.C:
		case <-giveUp:
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

func wantFault(t testing.TB, err error, code fault.Code, id string) {
	t.Helper()
	got, _ := fault.As(err)
	if got == nil || got.Code != code || got.ID != id {
		t.Errorf("got %v, want code %d and id %q", err, code, id)
	}
}

// fakeTargets knows the targets that a test gives it. What this room does not
// ask for it does not have.
type fakeTargets struct {
	targetsv1.TargetsTargetsServer
	mu    sync.Mutex
	known map[string]*targetsv1.TargetSnapshot
	asked int
	away  bool
}

func (f *fakeTargets) put(ids ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		f.known[id] = &targetsv1.TargetSnapshot{Id: id, Name: "target " + id, Kind: targetsv1.Kind_KIND_CALL, Endpoint: "https://example.com/" + id, Version: 1}
	}
}

func (f *fakeTargets) remove(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.known, id)
}

func (f *fakeTargets) setAway(away bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = away
}

func (f *fakeTargets) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func (f *fakeTargets) GetTargetSnapshots(_ context.Context, in *targetsv1.GetTargetSnapshotsRequest) (*targetsv1.GetTargetSnapshotsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.away {
		return nil, fault.Unavailable("targets is away")
	}
	out := &targetsv1.GetTargetSnapshotsResponse{}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(in.GetIds()))) { // each once
		if s, ok := f.known[id]; ok {
			out.Targets = append(out.Targets, s)
		}
	}
	return out, nil
}

// deleteTarget deletes a target as its owner does: the row, then the change.
func (w *world) deleteTarget(ctx context.Context, t testing.TB, id string) {
	t.Helper()
	w.targets.remove(id)
	w.changed(ctx, t, "target", id, changesv1.Operation_OPERATION_DELETED)
}

// changed publishes a change of another service's resource.
func (w *world) changed(ctx context.Context, t testing.TB, resource, id string, op changesv1.Operation) {
	t.Helper()
	if err := w.conn.EnsureStream(ctx, changefeed.Stream()); err != nil {
		t.Fatal(err)
	}
	data, err := proto.Marshal(&changesv1.Change{Tenant: tenantOf(ctx), Resource: resource, Id: id, Operation: op})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.conn.Publish(ctx, contract.ChangeSubject(tenantOf(ctx), resource), ident.NewUUID(), nil, data); err != nil {
		t.Fatal(err)
	}
}

// fakeDispatch answers a hook with what it was told to run.
type fakeDispatch struct{}

func (fakeDispatch) RunHook(ctx context.Context, in *dispatchv1.RunHookCommand) (*hooksv1.RunHookResponse, error) {
	out := &hooksv1.RunHookResponse{RunId: in.GetRunId(), Condition: in.GetChain().GetCondition()}
	switch trigger := in.GetTrigger().(type) {
	case *dispatchv1.RunHookCommand_Request:
		out.Payload = trigger.Request.GetPayload()
	case *dispatchv1.RunHookCommand_Response:
		out.Payload = trigger.Response.GetPayload()
	case *dispatchv1.RunHookCommand_Function:
		out.Payload = []byte(`{"function":true}`)
	}
	for i, s := range in.GetChain().GetSteps() {
		out.Steps = append(out.Steps, &hooksv1.StepResult{Position: uint32(i + 1), TargetId: s.GetId(), TargetName: s.GetName()})
	}
	if deadline, ok := ctx.Deadline(); ok && in.GetRequest().GetExplain() {
		out.Payload = []byte(`"` + time.Until(deadline).Round(time.Second).String() + `"`)
	}
	return out, nil
}

// published is an event that lies in EVENTS.
type published struct {
	*eventsv1.Event
	subject, messageID string
}

// published takes, as dispatch does, what comes into EVENTS, in its order.
func (w *world) published(t testing.TB) <-chan published {
	t.Helper()
	events := make(chan published, 2000)
	bustest.Run(t, func(ctx context.Context) error {
		return w.conn.ConsumeTogether(ctx, bus.Consumer{Stream: contract.EventsStream, Name: contract.EventsConsumer}, func(_ context.Context, messages []*bus.Taken) {
			for _, m := range messages {
				for _, event := range eventsOf(t, m.Message) {
					events <- published{Event: event, subject: m.Subject, messageID: m.ID()}
				}
				m.Settle(nil)
			}
		})
	})
	return events
}

// eventsOf reads a message.
func eventsOf(t testing.TB, m bus.Message) []*eventsv1.Event {
	t.Helper()
	batch, one := new(eventsv1.EventBatch), new(eventsv1.Event)
	if count := m.Header[contract.HeaderEvents]; len(count) > 0 {
		if err := proto.Unmarshal(m.Data, batch); err != nil || count[0] != strconv.Itoa(len(batch.GetEvents())) {
			t.Errorf("%s events: %v, %v", count, batch, err)
		}
		return batch.GetEvents()
	}
	if err := proto.Unmarshal(m.Data, one); err != nil {
		t.Errorf("event: %v", err)
	}
	return []*eventsv1.Event{one}
}

func receive[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("nothing came within %s", patience)
		panic("unreachable")
	}
}

// journal is a log that can be searched.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) count(text string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return bytes.Count(j.text.Bytes(), []byte(text))
}

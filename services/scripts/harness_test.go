package scripts_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	flowsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/flows/v1"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/scripts"
	"github.com/actionplane/actionplane/services/scripts/internal/store/migrations"
)

// Organizations of the tests.
const (
	ours   = "00000000-0000-4000-8000-00000000000a"
	theirs = "00000000-0000-4000-8000-00000000000b"
)

// actionsRoom stands for the actions service: what scripts there are, and what
// is bound where.
type actionsRoom struct {
	mu       sync.Mutex
	programs map[string]*actionsv1.GetProgramResponse
	bound    map[string][]string // action ids by "organization flow/trigger"
	asked    int
}

func (r *actionsRoom) GetProgram(_ context.Context, in *actionsv1.GetProgramRequest) (*actionsv1.GetProgramResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	p, ok := r.programs[in.GetActionId()]
	if !ok {
		return nil, fault.NotFound("Action not found").WithID("QUERY-GEfnb")
	}
	p = proto.CloneOf(p)
	if in.GetVersion() > 0 {
		p.Version, p.Script = in.GetVersion(), fmt.Sprintf(`function act() { return {version: %d} }`, in.GetVersion())
	}
	return p, nil
}

func (r *actionsRoom) GetTriggerPrograms(_ context.Context, in *actionsv1.GetTriggerProgramsRequest) (*actionsv1.GetTriggerProgramsResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	out := &actionsv1.GetTriggerProgramsResponse{}
	for _, id := range r.bound[in.GetOrganizationId()+" "+in.GetFlowType()+"/"+in.GetTriggerType()] {
		out.Programs = append(out.Programs, proto.CloneOf(r.programs[id]))
	}
	return out, nil
}

func (r *actionsRoom) put(id, script string, change func(*actionsv1.GetProgramResponse)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &actionsv1.GetProgramResponse{
		ActionId: id, OrganizationId: ours, Name: "act", Script: script, Active: true, Version: 1, Timeout: durationpb.New(5 * time.Second),
	}
	if change != nil {
		change(p)
	}
	r.programs[id] = p
}

func (r *actionsRoom) bind(organization, trigger string, ids ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bound[organization+" "+trigger] = ids
}

func (r *actionsRoom) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

// house is the service as its callers see it: replicas on one bus and database,
// of which any may answer.
type house struct {
	library *actionsRoom
	conn    *bus.Conn
	db      *pg.Pool
	client  *scriptsv1.ScriptsBusClient
	checks  *scriptsv1.ChecksBusClient
	flows   *flowsv1.FlowsBusClient
	records *actionplanev1.InvocationServiceBusClient
}

func open(t testing.TB, replicas int, change func(*scripts.Config)) house {
	t.Helper()
	server := bustest.Start(t)
	url := pgtest.URL(t, "scripts", migrations.FS)
	h := house{
		library: &actionsRoom{programs: map[string]*actionsv1.GetProgramResponse{}, bound: map[string][]string{}},
		conn:    server.Connect(t, "test"), db: openPool(t, url),
	}
	actions := server.Connect(t, "actions").NewServer(bus.ServerConfig{})
	actionsv1.RegisterActionsActionsServer(actions, h.library)
	bustest.Run(t, actions.Run)
	cfg := scripts.DefaultConfig()
	cfg.Workers = 1
	if change != nil {
		change(&cfg)
	}
	for range replicas {
		tel := telemetry.Nop()
		service, err := scripts.New(cfg, host.Deps{
			Log: tel.Logger("scripts"), Bus: server.Connect(t, "scripts"), DB: openPool(t, url), Telemetry: tel,
		})
		if err != nil {
			t.Fatal(err)
		}
		bustest.Run(t, service.Run)
	}
	h.client, h.checks = scriptsv1.NewScriptsBusClient(h.conn), scriptsv1.NewChecksBusClient(h.conn)
	h.flows, h.records = flowsv1.NewFlowsBusClient(h.conn), actionplanev1.NewInvocationServiceBusClient(h.conn)
	return h
}

func openPool(t testing.TB, url string) *pg.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), pg.Config{URL: url, Schema: "scripts", MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// in returns a context of somebody in an organization.
func in(t testing.TB, organization tenant.OrganizationID) context.Context {
	t.Helper()
	return tenant.With(t.Context(), tenant.Identity{Tenant: tenant.Default, Organization: organization})
}

func (h house) invoke(t *testing.T, id, input string) *scriptsv1.InvokeResponse {
	t.Helper()
	out, err := h.client.Invoke(t.Context(), &scriptsv1.InvokeRequest{ActionId: id, Input: []byte(input), RunId: "77"})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// run runs a trigger, "2/5".
func (h house) run(t *testing.T, trigger, input string) (*flowsv1.RunTriggerResponse, error) {
	t.Helper()
	return h.flows.RunTrigger(in(t, ours), &flowsv1.RunTriggerRequest{Flow: trigger[:1], Trigger: trigger[2:], Context: []byte(input)})
}

// changed tells of a change, as actions does.
func (h house) changed(t *testing.T, c *changesv1.Change) {
	t.Helper()
	c.Tenant = string(tenant.Default)
	body, err := proto.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.conn.Publish(t.Context(), contract.ChangeSubject(c.GetTenant(), c.GetResource()), ident.NewUUID(), nil, body); err != nil {
		t.Fatal(err)
	}
}

// recorded returns what is recorded under an id, as soon as it is.
func (h house) recorded(t *testing.T, id string) *actionplanev1.Invocation {
	t.Helper()
	ctx, cancel := context.WithTimeout(in(t, ours), 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		out, err := h.records.GetInvocation(ctx, &actionplanev1.GetInvocationRequest{Id: id})
		if err == nil {
			return out.GetInvocation()
		}
		if fault.CodeOf(err) != fault.CodeNotFound {
			t.Fatal(err)
		}
	}
	t.Fatalf("invocation %s is not recorded", id)
	return nil
}

package actions_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/actionplane/actionplane/libs/approval/approvaltest"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/tenant"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// house is the service as its callers see it: two replicas on one bus and
// database, of which either may answer.
type house struct {
	*managementv1.ManagementServiceBusClient
	own       *actionplanev1.ActionServiceBusClient
	programs  *actionsv1.ActionsBusClient
	bus       *bustest.Server
	db        *pg.Pool
	approvals *approvaltest.Approvals
}

// masterKey is that of all tests.
const masterKey = "a master key for tests"

// testConfig is the default but that nobody waits for scripts, which is away.
func testConfig() actions.Config {
	cfg := actions.DefaultConfig()
	cfg.MasterKey, cfg.CheckTimeout = config.NewSecret(masterKey), 0
	return cfg
}

// open starts a house that is gone when the test ends.
func open(t *testing.T) *house {
	t.Helper()
	return openWith(t, testConfig(), slog.DiscardHandler)
}

func openWith(t *testing.T, cfg actions.Config, log slog.Handler) *house {
	t.Helper()
	server := bustest.Start(t)
	approvals := approvaltest.Serve(t, server.Connect(t, "approvals"))
	url := pgtest.URL(t, "actions", store.Migrations)
	for range 2 {
		bustest.Run(t, newReplica(t, server, openPool(t, url), cfg, log).Run)
	}
	conn := server.Connect(t, "caller")
	return &house{
		ManagementServiceBusClient: managementv1.NewManagementServiceBusClient(conn),
		own:                        actionplanev1.NewActionServiceBusClient(conn),
		programs:                   actionsv1.NewActionsBusClient(conn),
		bus:                        server,
		approvals:                  approvals,
		db:                         openPool(t, url),
	}
}

func openPool(t *testing.T, url string) *pg.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), pg.Config{URL: url, Schema: "actions", MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func newReplica(t *testing.T, server *bustest.Server, pool *pg.Pool, cfg actions.Config, log slog.Handler) *actions.Service {
	t.Helper()
	service, err := actions.New(cfg, host.Deps{Log: slog.New(log), Bus: server.Connect(t, "actions"), DB: pool})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// as returns a context for calls about an organization of the default tenant.
func as(ctx context.Context, organization string) context.Context {
	return tenant.With(ctx, tenant.Identity{Tenant: tenant.Default, Organization: tenant.OrganizationID(organization), Person: "p"})
}

// someone returns a context for calls about an organization of its own.
func someone(t *testing.T) context.Context {
	t.Helper()
	return as(t.Context(), ident.NewUUID())
}

// mustCreate returns the id of a new action.
func (h *house) mustCreate(ctx context.Context, t *testing.T, name string) string {
	t.Helper()
	out, err := h.CreateAction(ctx, &managementv1.CreateActionRequest{Name: name, Script: "function " + name + "() {}"})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetId()
}

// mustSet sets the actions of a trigger.
func (h *house) mustSet(ctx context.Context, t *testing.T, flow, trigger string, ids ...string) {
	t.Helper()
	_, err := h.SetTriggerActions(ctx, &managementv1.SetTriggerActionsRequest{FlowType: flow, TriggerType: trigger, ActionIds: ids})
	if err != nil {
		t.Fatal(err)
	}
}

// verdict is an error as the wire tells it: code and id.
type verdict struct {
	code fault.Code
	id   string
}

func verdictOf(err error) verdict {
	v := verdict{code: fault.CodeOf(err)}
	if e, ok := fault.As(err); ok {
		v.id = e.ID
	}
	return v
}

// wantVerdict compares an error with the sheet's.
func wantVerdict(t *testing.T, what string, err error, code fault.Code, id string) {
	t.Helper()
	if got := verdictOf(err); got != (verdict{code, id}) {
		t.Errorf("%s: got %v, want code %d, id %s", what, err, code, id)
	}
}

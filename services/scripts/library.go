package scripts

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	"github.com/actionplane/actionplane/services/scripts/internal/flow"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

const (
	rememberedPrograms = 10_000
	rememberedTriggers = 10_000
	// programTTL bounds how long a program is remembered should a change of it
	// go unheard.
	programTTL = 30 * time.Second
)

// program is what actions says is to be run. It holds secrets.
type program = *actionsv1.GetProgramResponse

// library is what there is to run: asked of actions, and remembered until the
// change feed says that it is another.
type library struct {
	bus      *bus.Conn
	actions  *actionsv1.ActionsBusClient
	programs *cache.Local[programKey, program]
	triggers *cache.Local[triggerKey, []program]
	lookups  *cache.Lookups // of both
}

type programKey struct{ tenant, action string }

type triggerKey struct {
	tenant, organization string
	trigger              invocation.Trigger
}

func newLibrary(conn *bus.Conn, lookups *cache.Lookups) *library {
	return &library{
		lookups:  lookups,
		bus:      conn,
		actions:  actionsv1.NewActionsBusClient(conn),
		programs: cache.NewLocal[programKey, program](rememberedPrograms, programTTL),
		triggers: cache.NewLocal[triggerKey, []program](rememberedTriggers, programTTL),
	}
}

func (l *library) close() {
	l.programs.Close()
	l.triggers.Close()
}

// program returns what an action of the tenant runs. NOT_FOUND: there is none.
func (l *library) program(ctx context.Context, action string) (program, error) {
	key := programKey{tenant: string(tenant.From(ctx).Tenant), action: action}
	known, ok := l.programs.Get(key)
	l.lookups.Count(cache.Memory, ok)
	if ok {
		return known, nil
	}
	return l.programs.GetOrLoad(ctx, key, func(ctx context.Context, key programKey) (program, error) {
		p, err := l.actions.GetProgram(ctx, &actionsv1.GetProgramRequest{ActionId: key.action})
		l.lookups.Count(cache.Owner, err == nil)
		if fault.CodeOf(err) == fault.CodeNotFound {
			return nil, fault.NotFound("action %s does not exist", key.action).Because(err)
		}
		return p, err
	})
}

// version returns a version of an action, which is not remembered; 0: the one
// that runs.
func (l *library) version(ctx context.Context, action string, version uint32) (program, error) {
	return l.actions.GetProgram(ctx, &actionsv1.GetProgramRequest{ActionId: action, Version: version})
}

// trigger returns what a trigger of an organization's flow runs, in order.
func (l *library) trigger(ctx context.Context, organization string, t invocation.Trigger) ([]program, error) {
	key := triggerKey{tenant: string(tenant.From(ctx).Tenant), organization: organization, trigger: t}
	known, ok := l.triggers.Get(key)
	l.lookups.Count(cache.Memory, ok)
	if ok {
		return known, nil
	}
	return l.triggers.GetOrLoad(ctx, key, func(ctx context.Context, key triggerKey) ([]program, error) {
		out, err := l.actions.GetTriggerPrograms(ctx, &actionsv1.GetTriggerProgramsRequest{
			OrganizationId: key.organization, FlowType: flow.ID(key.trigger.Flow), TriggerType: flow.ID(key.trigger.Type),
		})
		l.lookups.Count(cache.Owner, err == nil)
		return out.GetPrograms(), err
	})
}

// follow forgets what is no longer what actions has, until ctx is done.
func (l *library) follow(ctx context.Context) error {
	return changefeed.Follow(ctx, l.bus, func(uint64) { l.forgetAll() }, func(_ uint64, c *changesv1.Change) {
		switch c.GetResource() {
		case "action":
			l.forgetAction(c)
			l.forgetFlows(c)
		case "flow":
			l.forgetFlows(c)
		}
	})
}

func (l *library) forgetAll() {
	l.programs.Clear()
	l.triggers.Clear()
}

// forgetAction forgets an action; all, where the change is of all actions of an
// organization: its secrets, which change rarely.
func (l *library) forgetAction(c *changesv1.Change) {
	if c.GetId() == "" {
		l.programs.Clear()
		return
	}
	l.programs.Delete(programKey{tenant: c.GetTenant(), action: c.GetId()})
}

// forgetFlows forgets all triggers of an organization: any of them may run the
// action that was changed.
func (l *library) forgetFlows(c *changesv1.Change) {
	if c.GetOrganizationId() == "" {
		l.triggers.Clear()
		return
	}
	for _, t := range invocation.Triggers() {
		l.triggers.Delete(triggerKey{tenant: c.GetTenant(), organization: c.GetOrganizationId(), trigger: t})
	}
}

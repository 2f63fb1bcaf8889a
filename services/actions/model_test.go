package actions_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	actionv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v1"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	zitadelv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/v1"
)

// modelAction is an action in the slow, obvious model.
type modelAction struct {
	id, name, script string
	timeout          time.Duration
	allowed, active  bool
	sequence         uint64
}

// modelFlow is a flow in it.
type modelFlow struct {
	sequence uint64
	bound    map[string][]string // trigger -> action ids
}

// model is an organization: lists that are searched from end to end.
type model struct {
	actions []*modelAction
	flows   map[string]*modelFlow
}

var flowTriggers = map[string][]string{"1": {"1", "2", "3"}, "2": {"4", "5"}, "3": {"1", "2", "3"}, "4": {"6"}}

func newModel() *model {
	m := &model{flows: map[string]*modelFlow{}}
	for flow := range flowTriggers {
		m.flows[flow] = &modelFlow{bound: map[string][]string{}}
	}
	return m
}

// ok is the verdict of a call that succeeds.
var ok verdict

func (m *model) find(id string) *modelAction {
	for _, a := range m.actions {
		if a.id == id {
			return a
		}
	}
	return nil
}

func (m *model) taken(name, by string) bool {
	for _, a := range m.actions {
		if strings.EqualFold(a.name, name) && a.id != by {
			return true
		}
	}
	return false
}

func (m *model) update(id string, to modelAction) verdict {
	a := m.find(id)
	switch {
	case a == nil:
		return verdict{fault.CodeNotFound, "COMMAND-Sfg2t"}
	case a.name == to.name && a.script == to.script && a.timeout == to.timeout && a.allowed == to.allowed:
		return verdict{fault.CodeFailedPrecondition, "ACTION-dg4t2"}
	case m.taken(to.name, id):
		return verdict{fault.CodeAlreadyExists, "V3-DKcYh"}
	}
	a.name, a.script, a.timeout, a.allowed = to.name, to.script, to.timeout, to.allowed
	a.sequence++
	return ok
}

func (m *model) setActive(id string, active bool, missing, refused string) verdict {
	a := m.find(id)
	switch {
	case a == nil:
		return verdict{fault.CodeNotFound, missing}
	case a.active == active:
		return verdict{fault.CodeFailedPrecondition, refused}
	}
	a.active = active
	a.sequence++
	return ok
}

func (m *model) remove(id string) verdict {
	if m.find(id) == nil {
		return verdict{fault.CodeNotFound, "COMMAND-Dgh4h"}
	}
	m.actions = slices.DeleteFunc(m.actions, func(a *modelAction) bool { return a.id == id })
	for _, f := range m.flows {
		hit := false
		for trigger, ids := range f.bound {
			hit = hit || slices.Contains(ids, id)
			f.bound[trigger] = slices.DeleteFunc(ids, func(other string) bool { return other == id })
		}
		if hit {
			f.sequence++
		}
	}
	return ok
}

func (m *model) set(flow, trigger string, ids []string) verdict {
	f := m.flows[flow]
	switch {
	case f == nil:
		return verdict{fault.CodeInvalid, "COMMAND-Dfhj5"}
	case !slices.Contains(flowTriggers[flow], trigger):
		return verdict{fault.CodeInvalid, "COMMAND-Dfgh6"}
	case slices.Equal(f.bound[trigger], ids):
		return verdict{fault.CodeFailedPrecondition, "COMMAND-Nfh52"}
	}
	for i, id := range ids {
		if m.find(id) == nil || slices.Contains(ids[:i], id) {
			return verdict{fault.CodeFailedPrecondition, "COMMAND-dg422"}
		}
	}
	f.bound[trigger] = slices.Clone(ids)
	f.sequence++
	return ok
}

func (m *model) clear(flow string) verdict {
	f := m.flows[flow]
	if f == nil {
		return verdict{fault.CodeInvalid, "COMMAND-Dfw2h"}
	}
	n := 0
	for _, ids := range f.bound {
		n += len(ids)
	}
	if n == 0 {
		return verdict{fault.CodeFailedPrecondition, "COMMAND-DgGh3"}
	}
	f.bound = map[string][]string{}
	f.sequence++
	return ok
}

// describe prints an action as the wire shows it.
func (a *modelAction) describe() string {
	timeout := a.timeout
	if timeout == 0 || timeout >= 20*time.Second {
		timeout = 20 * time.Second
	}
	return fmt.Sprintf("%s %s %q %s %v active=%v #%d", a.id, a.name, a.script, timeout, a.allowed, a.active, a.sequence)
}

func describe(a *actionv1.Action) string {
	return (&modelAction{
		id: a.GetId(), name: a.GetName(), script: a.GetScript(), timeout: a.GetTimeout().AsDuration(), allowed: a.GetAllowedToFail(),
		active: a.GetState() == actionv1.ActionState_ACTION_STATE_ACTIVE, sequence: a.GetDetails().GetSequence(),
	}).describe()
}

// lines prints the organization: actions by id, then bindings.
func (m *model) lines() (lines []string) {
	// Two replicas may create within one millisecond: ids need not be in the
	// order of creation.
	byID := slices.SortedFunc(slices.Values(m.actions), func(a, b *modelAction) int { return strings.Compare(a.id, b.id) })
	for _, a := range byID {
		lines = append(lines, a.describe())
	}
	for _, flow := range []string{"1", "2", "3", "4"} {
		f := m.flows[flow]
		lines = append(lines, fmt.Sprintf("flow %s #%d", flow, f.sequence))
		for _, trigger := range flowTriggers[flow] {
			for _, id := range f.bound[trigger] {
				lines = append(lines, "trigger "+trigger+": "+m.find(id).describe())
			}
		}
	}
	return lines
}

// lines prints the organization as the service shows it.
func (h *house) lines(ctx context.Context, t *rapid.T) (lines []string) {
	byID := &managementv1.ListActionsRequest{SortingColumn: actionv1.ActionFieldName_ACTION_FIELD_NAME_ID, Query: &zitadelv1.ListQuery{Asc: true}}
	list, err := h.ListActions(ctx, byID)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list.GetResult() {
		lines = append(lines, describe(a))
	}
	for _, id := range []string{"1", "2", "3", "4"} {
		out, err := h.GetFlow(ctx, &managementv1.GetFlowRequest{Type: id})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("flow %s #%d", id, out.GetFlow().GetDetails().GetSequence()))
		for _, trigger := range out.GetFlow().GetTriggerActions() {
			for _, a := range trigger.GetActions() {
				lines = append(lines, "trigger "+trigger.GetTriggerType().GetId()+": "+describe(a))
			}
		}
	}
	return lines
}

// player makes the same calls of the service and of the model.
type player struct {
	house *house
	model *model
}

// anyID draws the id of an action, sometimes of none.
func (p *player) anyID() *rapid.Generator[string] {
	ids := []string{"4711"}
	for _, a := range p.model.actions {
		ids = append(ids, a.id, a.id)
	}
	return rapid.SampledFrom(ids)
}

// content draws what can be written of an action; few values, so that they meet.
func (p *player) content(t *rapid.T) modelAction {
	return modelAction{
		name:    rapid.SampledFrom([]string{"a", "A", "b", "B", "c", "ä", "Ä"}).Draw(t, "name"),
		script:  rapid.SampledFrom([]string{"1", "2"}).Draw(t, "script"),
		timeout: rapid.SampledFrom([]time.Duration{0, time.Second, 20 * time.Second}).Draw(t, "timeout"),
		allowed: rapid.Bool().Draw(t, "allowed to fail"),
	}
}

func (p *player) create(ctx context.Context, t *rapid.T) {
	c := p.content(t)
	out, err := p.house.CreateAction(ctx, &managementv1.CreateActionRequest{Name: c.name, Script: c.script, Timeout: durationpb.New(c.timeout), AllowedToFail: c.allowed})
	want := ok
	if p.model.taken(c.name, "") {
		want = verdict{fault.CodeAlreadyExists, "V3-DKcYh"}
	} else {
		c.id, c.active, c.sequence = out.GetId(), true, 1
		p.model.actions = append(p.model.actions, &c)
	}
	same(t, err, want)
}

func (p *player) update(ctx context.Context, t *rapid.T) {
	id, c := p.anyID().Draw(t, "id"), p.content(t)
	_, err := p.house.UpdateAction(ctx, &managementv1.UpdateActionRequest{Id: id, Name: c.name, Script: c.script, Timeout: durationpb.New(c.timeout), AllowedToFail: c.allowed})
	same(t, err, p.model.update(id, c))
}

func (p *player) deactivate(ctx context.Context, t *rapid.T) {
	id := p.anyID().Draw(t, "id")
	_, err := p.house.DeactivateAction(ctx, &managementv1.DeactivateActionRequest{Id: id})
	same(t, err, p.model.setActive(id, false, "COMMAND-NRmhu", "COMMAND-Dgj92"))
}

func (p *player) reactivate(ctx context.Context, t *rapid.T) {
	id := p.anyID().Draw(t, "id")
	_, err := p.house.ReactivateAction(ctx, &managementv1.ReactivateActionRequest{Id: id})
	same(t, err, p.model.setActive(id, true, "COMMAND-Aa22g", "COMMAND-J53zh"))
}

func (p *player) remove(ctx context.Context, t *rapid.T) {
	id := p.anyID().Draw(t, "id")
	_, err := p.house.DeleteAction(ctx, &managementv1.DeleteActionRequest{Id: id})
	same(t, err, p.model.remove(id))
}

func (p *player) set(ctx context.Context, t *rapid.T) {
	flow := rapid.SampledFrom([]string{"0", "1", "2", "2", "2", "3", "4"}).Draw(t, "flow")
	trigger := rapid.SampledFrom(append([]string{"9"}, slices.Repeat(flowTriggers[flow], 3)...)).Draw(t, "trigger")
	ids := rapid.SliceOfN(p.anyID(), 0, 3).Draw(t, "ids")
	_, err := p.house.SetTriggerActions(ctx, &managementv1.SetTriggerActionsRequest{FlowType: flow, TriggerType: trigger, ActionIds: ids})
	same(t, err, p.model.set(flow, trigger, ids))
}

func (p *player) clear(ctx context.Context, t *rapid.T) {
	flow := rapid.SampledFrom([]string{"0", "1", "2", "2", "3", "4"}).Draw(t, "flow")
	_, err := p.house.ClearFlow(ctx, &managementv1.ClearFlowRequest{Type: flow})
	same(t, err, p.model.clear(flow))
}

func same(t *rapid.T, err error, want verdict) {
	t.Helper()
	if got := verdictOf(err); got != want {
		t.Fatalf("got %v, the model says %v", err, want)
	}
}

func TestLikeAModel(t *testing.T) {
	t.Parallel()
	h := open(t)
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		p := &player{house: h, model: newModel()}
		ctx := as(ctx, ident.NewUUID())
		call := func(f func(context.Context, *rapid.T)) func(*rapid.T) {
			return func(t *rapid.T) { f(ctx, t) }
		}
		t.Repeat(map[string]func(*rapid.T){
			"create":     call(p.create),
			"update":     call(p.update),
			"deactivate": call(p.deactivate),
			"reactivate": call(p.reactivate),
			"delete":     call(p.remove),
			"set":        call(p.set),
			"set again":  call(p.set), // twice as often as the rest
			"clear":      call(p.clear),
		})
		if got, want := h.lines(ctx, t), p.model.lines(); !slices.Equal(got, want) {
			t.Fatalf("the service shows\n%s\nthe model\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

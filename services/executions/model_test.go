package executions_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/cache/cachetest"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	executionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/executions/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	"github.com/actionplane/actionplane/services/executions"
)

// model is the room as plainly as it can be written: every list by condition
// id ("+" before an include), and the targets that exist. It looks at
// everything, every time.
type model struct {
	lists   map[string][]string
	targets map[string]bool
}

// set returns the error id that setting a list must have, "" for success, in
// which case it holds the list from then on.
func (m model) set(id string, list []string) string {
	if old, ok := m.lists[id]; ok && slices.Equal(old, list) {
		return ""
	}
	for _, e := range list {
		if e[0] != '+' && !m.targets[e] {
			return "COMMAND-17e8fq1ggk"
		}
	}
	for _, e := range list {
		if _, ok := m.lists[e[1:]]; e[0] == '+' && !ok {
			return "COMMAND-slgj0l4cdz"
		}
	}
	if slices.Contains(list, "+"+id) {
		return "COMMAND-mo1cmjp5k7"
	}
	old, had := m.lists[id]
	m.lists[id] = list
	problem := ""
	if m.reaches(id, id, 0) {
		problem = "COMMAND-iuch02i656"
	} else if m.deepest() > 2 {
		problem = "COMMAND-gbhd3g57oo"
	}
	if problem != "" {
		delete(m.lists, id)
		if had {
			m.lists[id] = old
		}
	}
	return problem
}

func (m model) reaches(from, to string, hops int) bool {
	if hops > len(m.lists) {
		return false
	}
	for _, e := range m.lists[from] {
		if e[0] == '+' && (e[1:] == to || m.reaches(e[1:], to, hops+1)) {
			return true
		}
	}
	return false
}

// deepest is the number of hops of the longest line of includes.
func (m model) deepest() int {
	deepest := 0
	for id := range m.lists {
		deepest = max(deepest, graphOf(m.lists).depth(id, 0))
	}
	return deepest
}

func graphOf(lists map[string][]string) graph {
	g := graph{}
	for id, list := range lists {
		for _, e := range list {
			if e[0] == '+' {
				g[id] = append(g[id], e[1:])
			}
		}
	}
	return g
}

func (m model) deleteTarget(target string) {
	delete(m.targets, target)
	for id, list := range m.lists {
		m.lists[id] = slices.DeleteFunc(slices.Clone(list), func(e string) bool { return e == target })
	}
}

// resolve asks of every list whether it matches and how well, and unfolds the
// best.
func (m model) resolve(kind, name string) (winner string, targets []string) {
	best := -1
	for id := range m.lists {
		if rank := matches(id, kind, name); rank > best {
			winner, best = id, rank
		}
	}
	if best < 0 {
		return "", nil
	}
	return winner, m.unfold(winner)
}

func (m model) unfold(id string) (targets []string) {
	for _, e := range m.lists[id] {
		if e[0] == '+' {
			targets = append(targets, m.unfold(e[1:])...)
		} else {
			targets = append(targets, e)
		}
	}
	return targets
}

// matches returns how narrowly a condition matches, -1 if it does not. It is
// written from the API's documentation, value by value.
func matches(id, kind, name string) int {
	conditionKind, value, named := strings.Cut(id, "/")
	switch {
	case conditionKind != kind:
		return -1
	case !named:
		return 0 // all
	case kind == "function":
		if value == name {
			return 1
		}
	case kind == "event":
		segments := strings.Split(name, ".")
		if value == name {
			return len(segments) + 1
		}
		group, isGroup := strings.CutSuffix(value, ".*")
		parts := strings.Split(group, ".")
		if isGroup && len(parts) < len(segments) && slices.Equal(parts, segments[:len(parts)]) {
			return len(parts)
		}
	default:
		service, method, isMethod := strings.Cut(value, "/")
		switch calledService, calledMethod, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/"); {
		case isMethod && service == calledService && method == calledMethod:
			return 2
		case !isMethod && service == calledService:
			return 1
		}
	}
	return -1
}

// The world of the property: names that are near each other.
var (
	conditions = []string{
		"request", "request/a.S", "request/a.S/M", "request/a.S/N", "request/a.SS", "request/b.S",
		"response", "response/a.S", "response/a.S/M",
		"event", "event/user.*", "event/user.human.*", "event/user.human.added", "event/user.humanoid.*", "event/user", "event/username.*",
		"function/f", "function/preuserinfo",
	}
	triggers = map[string][]string{
		"request":  {"/a.S/M", "/a.S/N", "/a.S/O", "/a.SS/M", "/b.S/M", "/c.S/M", "a.S/M"},
		"response": {"/a.S/M", "/a.S/O", "/b.S/M"},
		"function": {"f", "preuserinfo", "g"},
		"event":    {"user", "user.human", "user.human.added", "user.human.added.twice", "user.humanoid.x", "username.changed", "org.added"},
	}
)

// drawEntries mostly includes what is there, so that lines of includes grow.
func drawEntries(t *rapid.T, m model) []string {
	list, there := []string{}, slices.Sorted(maps.Keys(m.lists))
	for range rapid.IntRange(0, 4).Draw(t, "entries") {
		switch kind := rapid.IntRange(0, 9).Draw(t, "entry"); {
		case kind < 4 && len(there) > 0:
			list = append(list, "+"+rapid.SampledFrom(there).Draw(t, "included"))
		case kind == 4:
			list = append(list, "+"+rapid.SampledFrom(conditions).Draw(t, "included"))
		case kind == 5:
			list = append(list, "missing")
		default:
			list = append(list, rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(t, "target"))
		}
	}
	return list
}

// TestRoomAgreesWithModel changes executions and targets at random and asks
// after every step. One replica: what was answered must be in force.
func TestRoomAgreesWithModel(t *testing.T) {
	t.Parallel()
	p := property{world: begun(t, 1), exact: true}
	p.check(t, 8)
}

// TestTwoReplicasAgreeWithModel is the same with two replicas, which may learn
// of a change a moment after it was answered.
func TestTwoReplicasAgreeWithModel(t *testing.T) {
	t.Parallel()
	p := property{world: begun(t, 2)}
	p.check(t, 4)
}

// TestRoomWithoutRedisAgreesWithModel shows that Redis only saves time.
func TestRoomWithoutRedisAgreesWithModel(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.startWith(t, executions.DefaultConfig(), host.Deps{Cache: cachetest.Open(t, "redis://127.0.0.1:1")})
	p := property{world: w, exact: true}
	p.check(t, 4)
}

// property is one run of the comparison.
type property struct {
	*world
	exact bool // an answered change must be in force
}

func (p property) check(t *testing.T, steps int) {
	rapid.Check(t, func(rt *rapid.T) {
		ctx := as(t)
		prefix := tenantOf(ctx) + "-" // targets of this round
		m := model{lists: map[string][]string{}, targets: map[string]bool{}}
		for _, id := range []string{"1", "2", "3", "4"} {
			m.targets[prefix+id] = true
			p.targets.put(prefix + id)
		}
		for range steps {
			p.step(ctx, t, rt, m, prefix)
			p.compare(ctx, t, rt, m)
			p.compareEvents(ctx, t, rt, m)
		}
	})
}

func (p property) step(ctx context.Context, t *testing.T, rt *rapid.T, m model, prefix string) {
	if rapid.IntRange(0, 9).Draw(rt, "delete") == 0 {
		target := prefix + rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(rt, "target")
		m.deleteTarget(target)
		p.deleteTarget(ctx, t, target)
		eventually(t, "a deleted target leaves the lists", func() bool {
			var n int
			err := p.db.QueryRow(ctx, `SELECT count(*) FROM entries WHERE tenant = $1 AND target_id = $2`, tenantOf(ctx), target).Scan(&n)
			return err == nil && n == 0
		})
		p.settled(ctx, t)
		return
	}
	id, list := rapid.SampledFrom(conditions).Draw(rt, "condition"), drawEntries(rt, m)
	for i, e := range list {
		if e[0] != '+' {
			list[i] = prefix + e
		}
	}
	want := m.set(id, list)
	_, err := p.SetExecution(ctx, setRequest(id, list...))
	got, _ := fault.As(err)
	if (err == nil) != (want == "") || got != nil && got.ID != want {
		rt.Fatalf("set %s to %v: got %v, want id %q", id, list, err, want)
	}
}

// settled returns once the room has seen the change feed up to now: another
// tenant's change waits for that.
func (p property) settled(ctx context.Context, t *testing.T) {
	p.changed(ctx, t, "target", "0", changesv1.Operation_OPERATION_CHANGED)
	other := as(t)
	p.set(other, t, "event")
}

// compare asks with every hook of the world.
func (p property) compare(ctx context.Context, t *testing.T, rt *rapid.T, m model) {
	for _, kind := range []string{"request", "response", "function"} {
		for _, name := range triggers[kind] {
			p.compareHook(ctx, t, rt, m, kind, name)
		}
	}
}

func (p property) compareHook(ctx context.Context, t *testing.T, rt *rapid.T, m model, kind, name string) {
	winner, targets := m.resolve(kind, name)
	gotWinner, gotTargets := p.hook(ctx, rt, kind, name)
	if gotWinner == winner && slices.Equal(gotTargets, targets) {
		return
	}
	if p.exact && p.log.count("executions.settle") == 0 {
		rt.Fatalf("%s %s: %q called %v, want %q and %v; model %v", kind, name, gotWinner, gotTargets, winner, targets, m.lists)
	}
	eventually(t, fmt.Sprintf("%s %s: %q calls %v; model %v", kind, name, winner, targets, m.lists), func() bool {
		gotWinner, gotTargets := p.hook(ctx, rt, kind, name)
		return gotWinner == winner && slices.Equal(gotTargets, targets)
	})
}

func (p property) hook(ctx context.Context, rt *rapid.T, kind, name string) (string, []string) {
	var out *hooksv1.RunHookResponse
	var err error
	switch kind {
	case "request":
		out, err = p.hooks.RunRequestHook(ctx, &hooksv1.RunRequestHookRequest{Method: name})
	case "response":
		out, err = p.hooks.RunResponseHook(ctx, &hooksv1.RunResponseHookRequest{Method: name})
	default:
		out, err = p.hooks.RunFunctionHook(ctx, &hooksv1.RunFunctionHookRequest{Function: name})
	}
	if err != nil {
		rt.Fatalf("%s %s: %v", kind, name, err)
	}
	return answer(out)
}

// compareEvents asks for all events of the world at once: first for what is at
// hand, which must be right where it is.
func (p property) compareEvents(ctx context.Context, t *testing.T, rt *rapid.T, m model) {
	if wrong := p.wrongEvents(ctx, rt, m, false); p.exact && wrong != "" && p.log.count("executions.settle") == 0 {
		rt.Fatalf("at hand: %s; model %v", wrong, m.lists)
	}
	wrong := p.wrongEvents(ctx, rt, m, true)
	if p.exact && wrong != "" && p.log.count("executions.settle") == 0 {
		rt.Fatalf("%s; model %v", wrong, m.lists)
	}
	if wrong != "" {
		eventually(t, fmt.Sprintf("events are resolved as in model %v, not: %s", m.lists, wrong), func() bool {
			return p.wrongEvents(ctx, rt, m, true) == ""
		})
	}
}

// wrongEvents says which of the answers is not the model's, "" for none.
func (p property) wrongEvents(ctx context.Context, rt *rapid.T, m model, wait bool) string {
	in := &executionsv1.ResolveEventsRequest{Wait: wait}
	for _, name := range triggers["event"] {
		in.Kinds = append(in.Kinds, kind(ctx, name))
	}
	out, err := p.chains.ResolveEvents(ctx, in)
	if err != nil || len(out.GetKinds()) != len(in.GetKinds()) {
		rt.Fatalf("%d of %d kinds, %v", len(out.GetKinds()), len(in.GetKinds()), err)
	}
	for i, name := range triggers["event"] {
		winner, targets := m.resolve("event", name)
		got := out.GetKinds()[i]
		if !wait && got.GetPending() {
			continue
		}
		if got.GetPending() || got.GetProblem() != "" || got.GetChain().GetCondition() != winner || !slices.Equal(targetsOf(got), targets) {
			return fmt.Sprintf("event %s: %v, want %q and %v", name, got, winner, targets)
		}
	}
	return ""
}

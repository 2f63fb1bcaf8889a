package executions_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	objectv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/object/v3alpha"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/executions"
)

func TestSetExecutionRefusals(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.targets.put("1", "2")
	cfg := executions.DefaultConfig()
	cfg.CatalogStrict = []string{"true"}
	w.start(t, cfg)
	ctx := as(t)
	// Four in a row: event -> event/a.* -> event/a.b.
	w.set(ctx, t, "event/a.b", "1")
	w.set(ctx, t, "event/a.*", "+event/a.b")
	w.set(ctx, t, "event", "+event/a.*")

	untyped := func(in *actionv3alpha.SetExecutionRequest) *actionv3alpha.SetExecutionRequest {
		in.Condition = nil
		return in
	}
	request := func(c *actionv3alpha.RequestExecution, entries ...string) *actionv3alpha.SetExecutionRequest {
		in := setRequest("request", entries...)
		in.Condition = &actionv3alpha.Condition{ConditionType: &actionv3alpha.Condition_Request{Request: c}}
		return in
	}
	function := func(name string) *actionv3alpha.SetExecutionRequest { return setRequest("function/" + name) }
	event := func(c *actionv3alpha.EventExecution) *actionv3alpha.SetExecutionRequest {
		in := setRequest("event")
		in.Condition = &actionv3alpha.Condition{ConditionType: &actionv3alpha.Condition_Event{Event: c}}
		return in
	}
	tests := []struct {
		name string
		in   *actionv3alpha.SetExecutionRequest
		code fault.Code
		id   string
	}{
		// Each also breaks a later rule, to show the order.
		{"IncludeWithoutType", untyped(setRequest("event", "+nothing", "unknown")), fault.CodeInvalid, "ACTION-9BBob"},
		{"ShapeOfInclude", untyped(setRequest("event", "+function/")), fault.CodeInvalid, "COMMAND-5folwn5jws"},
		{"NoCondition", untyped(setRequest("event", "unknown")), fault.CodeInvalid, "ACTION-5r5Ju"},
		{"NothingOfARequest", request(&actionv3alpha.RequestExecution{}, "unknown"), fault.CodeInvalid, "COMMAND-3tkej630e6"},
		{"MethodThatIsNone", setRequest("request/a.S/M/N", "unknown"), fault.CodeInvalid, "COMMAND-3tkej630e6"},
		{"FunctionWithoutName", function(""), fault.CodeInvalid, "COMMAND-5folwn5jws"},
		{"NothingOfAnEvent", event(&actionv3alpha.EventExecution{}), fault.CodeInvalid, "COMMAND-w5smb6v7qu"},
		{"MethodNobodyAnnounced", setRequest("request/a.S/M", "unknown"), fault.CodeNotFound, "COMMAND-vysplsevt8"},
		{"ServiceNobodyAnnounced", setRequest("response/a.S", "unknown"), fault.CodeNotFound, "COMMAND-qu6dfhiioq"},
		{"FunctionNobodyAnnounced", function("f"), fault.CodeNotFound, "COMMAND-cdy39t0ksr"},
		{"MissingTargetBeforeMissingInclude", setRequest("event/x", "+event/never", "9"), fault.CodeNotFound, "COMMAND-17e8fq1ggk"},
		{"MissingInclude", setRequest("event/x", "1", "+event/never"), fault.CodeNotFound, "COMMAND-slgj0l4cdz"},
		{"ItselfNeverSet", setRequest("event/x", "+event/x"), fault.CodeNotFound, "COMMAND-slgj0l4cdz"},
		{"Itself", setRequest("event/a.b", "+event/a.b"), fault.CodeFailedPrecondition, "COMMAND-mo1cmjp5k7"},
		{"CircleOfTwo", setRequest("event/a.b", "+event/a.*"), fault.CodeFailedPrecondition, "COMMAND-iuch02i656"},
		{"CircleOfThree", setRequest("event/a.b", "1", "+event"), fault.CodeFailedPrecondition, "COMMAND-iuch02i656"},
		{"ThirdHopAtTheTop", setRequest("event/x", "+event"), fault.CodeFailedPrecondition, "COMMAND-gbhd3g57oo"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			// The edge has checked the rules of the proto already; here the
			// room's own come to bear.
			_, err := w.SetExecution(bus.WithChecked(ctx), tt.in)
			wantFault(t, err, tt.code, tt.id)
		})
	}
	t.Run("RulesOfTheProtoHoldWithoutAnEdge", func(t *testing.T) {
		t.Parallel()
		for _, in := range []*actionv3alpha.SetExecutionRequest{
			request(&actionv3alpha.RequestExecution{}), event(&actionv3alpha.EventExecution{}), function(""),
			setRequest("function/" + strings.Repeat("f", 1001)), {Condition: &actionv3alpha.Condition{}},
		} {
			if _, err := w.SetExecution(ctx, in); fault.CodeOf(err) != fault.CodeInvalid {
				t.Errorf("%v: got %v", in, err)
			}
		}
	})
	t.Run("NothingWasStored", func(t *testing.T) {
		t.Parallel()
		var n int
		if err := w.db.QueryRow(t.Context(), `SELECT count(*) FROM executions`).Scan(&n); err != nil || n != 3 {
			t.Fatalf("%d executions, %v", n, err)
		}
	})
}

func TestIncludeSetLastMakesNoThirdHop(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	ctx := as(t)
	w.targets.put("1")
	w.set(ctx, t, "event/d", "1")
	w.set(ctx, t, "event/c", "1")
	w.set(ctx, t, "event/b", "+event/c")
	w.set(ctx, t, "event/a", "+event/b")
	_, err := w.SetExecution(ctx, setRequest("event/c", "+event/d"))
	wantFault(t, err, fault.CodeFailedPrecondition, "COMMAND-gbhd3g57oo")
}

func TestSetExecution(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1", "2", "3")

	t.Run("AnswersWithDetails", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		out, err := w.SetExecution(ctx, setRequest("request/zitadel.session.v2.SessionService/ListSessions", "1"))
		if err != nil {
			t.Fatal(err)
		}
		d := out.GetDetails()
		if d.GetId() != "request/zitadel.session.v2.SessionService/ListSessions" || !d.GetCreated().AsTime().Equal(d.GetChanged().AsTime()) ||
			d.GetOwner().GetType() != objectv3alpha.OwnerType_OWNER_TYPE_INSTANCE || d.GetOwner().GetId() != tenantOf(ctx) {
			t.Fatalf("got %v", d)
		}
	})
	t.Run("UnchangedKeepsChangedBeforeAnyCheck", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		w.targets.put("gone")
		first := w.set(ctx, t, "event/a", "1", "gone")
		w.targets.remove("gone") // and nobody has said so yet
		if again := w.set(ctx, t, "event/a", "1", "gone"); !again.Equal(first) {
			t.Fatalf("changed at %s, then %s", first, again)
		}
		if other := w.set(ctx, t, "event/a", "1"); !other.After(first) {
			t.Fatalf("changed at %s, then %s", first, other)
		}
	})
	t.Run("OrderCountsAsAChange", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		first := w.set(ctx, t, "event/a", "1", "2")
		if swapped := w.set(ctx, t, "event/a", "2", "1"); !swapped.After(first) {
			t.Fatal("swapped entries changed nothing")
		}
	})
	t.Run("TargetListedTwiceIsCalledTwice", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		w.set(ctx, t, "request", "2", "1", "2")
		if _, ids := w.request(ctx, t, "/a.S/M"); !slices.Equal(ids, []string{"2", "1", "2"}) {
			t.Fatalf("called %v", ids)
		}
	})
	t.Run("ForeignExecutionsAreAbsent", func(t *testing.T) {
		t.Parallel()
		w.set(as(t), t, "event/a", "1")
		_, err := w.SetExecution(as(t), setRequest("event/b", "+event/a"))
		wantFault(t, err, fault.CodeNotFound, "COMMAND-slgj0l4cdz")
	})
	t.Run("EmptiedExecutionMayStillBeIncluded", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		w.set(ctx, t, "event/a", "1")
		w.set(ctx, t, "event/a")
		w.set(ctx, t, "event/b", "+event/a")
	})
	t.Run("IncludesCrossKinds", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		w.set(ctx, t, "event/a", "3")
		w.set(ctx, t, "response/a.S", "+event/a", "1")
		w.set(ctx, t, "request", "2", "+response/a.S")
		if c, ids := w.request(ctx, t, "/a.S/M"); c != "request" || !slices.Equal(ids, []string{"2", "3", "1"}) {
			t.Fatalf("%s called %v", c, ids)
		}
	})
	t.Run("SpellingsOfOneConditionAreOne", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		first := w.set(ctx, t, "event/user.*", "1")
		in := setRequest("event/user.*", "1")
		in.Condition.GetEvent().Condition = &actionv3alpha.EventExecution_Group{Group: "user.*"}
		out, err := w.SetExecution(ctx, in)
		if err != nil || !out.GetDetails().GetChanged().AsTime().Equal(first) {
			t.Fatalf("got %v, %v", out, err)
		}
	})
}

func TestSetExecutionTellsTheFeed(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1")
	ctx := as(t)
	feed := make(chan *changesv1.Change, 10)
	follow(t, w, func(c *changesv1.Change) { feed <- c })
	w.set(ctx, t, "event/a", "1")
	w.set(ctx, t, "event/a", "1") // unchanged
	w.set(ctx, t, "event/a")
	for _, op := range []changesv1.Operation{changesv1.Operation_OPERATION_CREATED, changesv1.Operation_OPERATION_CHANGED} {
		got := receive(t, feed)
		got.ChangedAt = nil
		want := &changesv1.Change{Tenant: tenantOf(ctx), Resource: "execution", Id: "event/a", Operation: op, PersonId: "p1"}
		if !proto.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if len(feed) > 0 {
		t.Errorf("one more: %v", <-feed)
	}
}

func TestChangeIsInForceWhenItIsAnswered(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1", "2")
	ctx := as(t)
	for i := range 50 {
		want := []string{[]string{"1", "2"}[i%2]}
		w.set(ctx, t, "request/a.S", want...)
		if _, ids := w.request(ctx, t, "/a.S/M"); !slices.Equal(ids, want) && w.log.count("executions.settle") == 0 {
			t.Fatalf("after change %d: called %v, want %v", i, ids, want)
		}
	}
}

// publisher is a service that speaks NATS and uses no library of ours.
func publisher(t *testing.T, w *world) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(w.server.Server))
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

func TestChangeIsInForceBehindManyOthers(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1", "2")
	js := publisher(t, w)
	ctx := as(t)
	other, err := proto.Marshal(&changesv1.Change{Tenant: "other", Resource: "action"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		want := []string{[]string{"1", "2"}[i%2]}
		for range 2000 { // the feed has some way to go
			if _, err := js.PublishMsgAsync(&nats.Msg{Subject: contract.ChangeSubject("other", "action"), Data: other}); err != nil {
				t.Fatal(err)
			}
		}
		w.set(ctx, t, "request", want...)
		if _, ids := w.request(ctx, t, "/a.S/M"); !slices.Equal(ids, want) && w.log.count("executions.settle") == 0 {
			t.Fatalf("after change %d: called %v, want %v", i, ids, want)
		}
	}
}

func TestChangeIsInForceInAnotherReplicaSoon(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	w.targets.put("1", "2")
	ctx := as(t)
	for i := range 30 {
		want := []string{[]string{"1", "2"}[i%2]}
		w.set(ctx, t, "request/a.S", want...)
		// Hooks go to a random replica: so many in a row see both.
		inARow := 0
		eventually(t, fmt.Sprintf("change %d is in force everywhere", i), func() bool {
			if _, ids := w.request(ctx, t, "/a.S/M"); slices.Equal(ids, want) {
				inARow++
			} else {
				inARow = 0
			}
			return inARow == 12
		})
	}
}

// TestSettersWhoRaceForACircleLeaveOneOut starts the three sides of a circle
// at once, again and again.
func TestSettersWhoRaceForACircleLeaveOneOut(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	ids := []string{"event/a", "event/b", "event/c"}
	for range 25 {
		ctx := as(t)
		for _, id := range ids {
			w.set(ctx, t, id)
		}
		start := make(chan struct{})
		var setters sync.WaitGroup
		for i, id := range ids {
			setters.Go(func() {
				<-start
				_, err := w.SetExecution(ctx, setRequest(id, "+"+ids[(i+1)%3]))
				if err != nil && fault.CodeOf(err) != fault.CodeFailedPrecondition {
					t.Error(err)
				}
			})
		}
		close(start)
		setters.Wait()
		if g := w.stored(ctx, t); len(g) != 2 {
			t.Fatalf("stored %v", g)
		}
	}
}

func TestConcurrentSettersNeverBuildACircleOrAThirdHop(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	w.targets.put("1")
	for range 3 {
		ctx := as(t)
		ids := []string{"event/a", "event/b", "event/c", "event/d", "event/e"}
		for _, id := range ids {
			w.set(ctx, t, id)
		}
		var setters sync.WaitGroup
		for range 8 {
			setters.Go(func() {
				for range 12 {
					a, b := ids[rand.IntN(len(ids))], ids[rand.IntN(len(ids))]
					entries := [][]string{{"+" + b}, {"1", "+" + b}, {"1"}, {"+" + b, "+" + ids[rand.IntN(len(ids))]}}[rand.IntN(4)]
					_, err := w.SetExecution(ctx, setRequest(a, entries...))
					if code := fault.CodeOf(err); err != nil && code != fault.CodeFailedPrecondition {
						t.Errorf("set %s to %v: %v", a, entries, err)
					}
				}
			})
		}
		setters.Wait()
		stored := w.stored(ctx, t)
		for id := range stored {
			if depth := stored.depth(id, 0); depth > 2 {
				t.Fatalf("%s includes %d deep in %v", id, depth, stored)
			}
		}
	}
}

// graph is who includes whom.
type graph map[string][]string

// depth counts the hops below id; beyond any limit in a circle.
func (g graph) depth(id string, at int) int {
	if at > 10 {
		return at
	}
	deepest := at
	for _, next := range g[id] {
		deepest = max(deepest, g.depth(next, at+1))
	}
	return deepest
}

// stored reads the graph behind the room's back.
func (w *world) stored(ctx context.Context, t *testing.T) graph {
	t.Helper()
	rows, err := w.db.Query(ctx, `SELECT condition_id, include_id FROM entries WHERE tenant = $1 AND include_id IS NOT NULL`, string(tenant.From(ctx).Tenant))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	g := graph{}
	for rows.Next() {
		var id, include string
		if err := rows.Scan(&id, &include); err != nil {
			t.Fatal(err)
		}
		g[id] = append(g[id], include)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

package executions_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	actionv2beta "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2beta"
	filterv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/filter/v2"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/executions"
)

// same reads a message as another that is the same on the wire.
func same[M proto.Message](t testing.TB, from proto.Message, into M) M {
	t.Helper()
	data, err := proto.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
	return into
}

func (w *world) setV2(ctx context.Context, t testing.TB, id string, targets ...string) *actionv2.SetExecutionResponse {
	t.Helper()
	out, err := actionv2.NewActionServiceBusClient(w.conn).SetExecution(ctx, &actionv2.SetExecutionRequest{
		Condition: same(t, wire(id), new(actionv2.Condition)), Targets: targets,
	})
	if err != nil {
		t.Fatalf("set %s to %v: %v", id, targets, err)
	}
	return out
}

// shownV2 lists what v2 shows, by condition id, in its order.
func (w *world) shownV2(ctx context.Context, t testing.TB, in *actionv2.ListExecutionsRequest) (ids []string, targets map[string][]string) {
	t.Helper()
	out, err := actionv2.NewActionServiceBusClient(w.conn).ListExecutions(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	targets = map[string][]string{}
	for _, e := range out.GetExecutions() {
		id := conditionID(same(t, e.GetCondition(), new(actionv3alpha.Condition)))
		ids, targets[id] = append(ids, id), e.GetTargets()
	}
	if int(out.GetPagination().GetTotalResult()) != len(ids) && in.GetPagination() == nil {
		t.Errorf("a total of %v for %v", out.GetPagination(), ids)
	}
	return ids, targets
}

// conditionID is the reverse of wire.
func conditionID(c *actionv3alpha.Condition) string {
	for _, id := range []string{"event/a", "event/b", "event/c", "event/d", "event/user.*", "event", "request", "request/a.S", "response/a.S/M", "function/f"} {
		if proto.Equal(wire(id), c) {
			return id
		}
	}
	return c.String()
}

func TestV2SeesWhatV3AlphaMade(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	w.targets.put("1", "2", "3")

	t.Run("AndTheOtherWayRound", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		for _, id := range []string{"request", "request/a.S", "response/a.S/M", "function/f", "event/user.*", "event", "event/a"} {
			set := w.setV2(ctx, t, id, "2", "1", "2")
			if set.GetSetDate() == nil {
				t.Error("no set date")
			}
			if again := w.set(ctx, t, id, "2", "1", "2"); !again.Equal(set.GetSetDate().AsTime()) {
				t.Errorf("%s: v3alpha does not see the list that v2 has set", id)
			}
			w.set(ctx, t, id, "3")
		}
		ids, targets := w.shownV2(ctx, t, &actionv2.ListExecutionsRequest{})
		if want := []string{"event/a", "event", "event/user.*", "function/f", "response/a.S/M", "request/a.S", "request"}; !slices.Equal(ids, want) {
			t.Errorf("listed %v; want the last first", ids)
		}
		for _, id := range ids {
			if !slices.Equal(targets[id], []string{"3"}) {
				t.Errorf("%s: %v", id, targets[id])
			}
		}
	})
	t.Run("IncludesAreUnfolded", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		w.set(ctx, t, "event/c", "3")
		w.set(ctx, t, "event/b", "+event/c", "2")
		w.set(ctx, t, "event/a", "1", "+event/b", "1")
		_, targets := w.shownV2(ctx, t, &actionv2.ListExecutionsRequest{})
		if !slices.Equal(targets["event/a"], []string{"1", "3", "2", "1"}) || !slices.Equal(targets["event/b"], []string{"3", "2"}) {
			t.Fatalf("shown %v", targets)
		}
		ids, _ := w.shownV2(ctx, t, &actionv2.ListExecutionsRequest{Filters: []*actionv2.ExecutionSearchFilter{{
			Filter: &actionv2.ExecutionSearchFilter_TargetFilter{TargetFilter: &actionv2.TargetFilter{TargetId: "3"}},
		}}})
		if !slices.Equal(ids, []string{"event/a", "event/b", "event/c"}) {
			t.Errorf("with target 3: %v", ids)
		}
	})
	t.Run("ToWriteBackWhatWasReadKeepsIncludes", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		w.set(ctx, t, "event/b", "2", "3")
		before := w.set(ctx, t, "event/a", "1", "+event/b")
		if got := w.setV2(ctx, t, "event/a", "1", "2", "3").GetSetDate().AsTime(); !got.Equal(before) {
			t.Errorf("set at %s, then at %s", before, got)
		}
		if again := w.set(ctx, t, "event/a", "1", "+event/b"); !again.Equal(before) {
			t.Error("the include is gone")
		}
		w.setV2(ctx, t, "event/a", "1", "2")
		if graph := w.stored(ctx, t); len(graph) != 0 {
			t.Errorf("another list replaces everything; stored is %v", graph)
		}
	})
	t.Run("AnEmptyListAlwaysEmpties", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		w.set(ctx, t, "event/b")
		w.set(ctx, t, "event/a", "+event/b")
		w.setV2(ctx, t, "event/a")
		if graph := w.stored(ctx, t); len(graph) != 0 {
			t.Errorf("stored is %v", graph)
		}
	})
}

func TestV2ListExecutions(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1", "2")
	ctx := as(t)
	for i, id := range []string{"event/b", "request", "event/a", "function/f"} {
		w.set(ctx, t, id, []string{"1", "2"}[i%2])
	}
	w.set(ctx, t, "event/b", "2") // changed last
	w.set(ctx, t, "event/c")      // a noop
	page := func(offset uint64, limit uint32, asc bool) *filterv2.PaginationRequest {
		return &filterv2.PaginationRequest{Offset: offset, Limit: limit, Asc: asc}
	}
	column := func(n int32) *actionv2.ExecutionFieldName { return actionv2.ExecutionFieldName(n).Enum() }
	conditions := &actionv2.InConditionsFilter{}
	for _, id := range []string{"request", "event/b", "event/c", "event/d"} {
		conditions.Conditions = append(conditions.Conditions, same(t, wire(id), new(actionv2.Condition)))
	}
	inConditions := &actionv2.ExecutionSearchFilter{Filter: &actionv2.ExecutionSearchFilter_InConditionsFilter{InConditionsFilter: conditions}}
	events := &actionv2.ExecutionSearchFilter{Filter: &actionv2.ExecutionSearchFilter_ExecutionTypeFilter{
		ExecutionTypeFilter: &actionv2.ExecutionTypeFilter{ExecutionType: actionv2.ExecutionType_EXECUTION_TYPE_EVENT},
	}}
	for name, tt := range map[string]struct {
		in   *actionv2.ListExecutionsRequest
		want []string
	}{
		"LastCreatedFirst":  {&actionv2.ListExecutionsRequest{}, []string{"function/f", "event/a", "request", "event/b"}},
		"Ascending":         {&actionv2.ListExecutionsRequest{Pagination: page(0, 0, true)}, []string{"event/b", "request", "event/a", "function/f"}},
		"ByID":              {&actionv2.ListExecutionsRequest{SortingColumn: column(1), Pagination: page(0, 0, true)}, []string{"event/a", "event/b", "function/f", "request"}},
		"ByChange":          {&actionv2.ListExecutionsRequest{SortingColumn: column(3)}, []string{"event/b", "function/f", "event/a", "request"}},
		"Page":              {&actionv2.ListExecutionsRequest{Pagination: page(1, 2, false)}, []string{"event/a", "request"}},
		"InConditions":      {&actionv2.ListExecutionsRequest{Filters: []*actionv2.ExecutionSearchFilter{inConditions}}, []string{"request", "event/b"}},
		"FiltersMustAllFit": {&actionv2.ListExecutionsRequest{Filters: []*actionv2.ExecutionSearchFilter{inConditions, events}}, []string{"event/b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if ids, _ := w.shownV2(ctx, t, tt.in); !slices.Equal(ids, tt.want) {
				t.Errorf("got %v, want %v", ids, tt.want)
			}
		})
	}
	t.Run("TellsDatesAndLimit", func(t *testing.T) {
		t.Parallel()
		out, err := actionv2.NewActionServiceBusClient(w.conn).ListExecutions(ctx, &actionv2.ListExecutionsRequest{Pagination: page(0, 1, true)})
		if err != nil {
			t.Fatal(err)
		}
		e := out.GetExecutions()[0]
		if !e.GetChangeDate().AsTime().After(e.GetCreationDate().AsTime()) || out.GetPagination().GetTotalResult() != 4 || out.GetPagination().GetAppliedLimit() != 1 {
			t.Errorf("got %v", out)
		}
	})
	t.Run("Refuses", func(t *testing.T) {
		t.Parallel()
		client := actionv2.NewActionServiceBusClient(w.conn)
		_, err := client.ListExecutions(ctx, &actionv2.ListExecutionsRequest{Pagination: page(0, 1001, false)})
		wantFault(t, err, fault.CodeInvalid, "QUERY-4M0fs")
		checked := bus.WithChecked(ctx)
		_, err = client.ListExecutions(checked, &actionv2.ListExecutionsRequest{Filters: []*actionv2.ExecutionSearchFilter{{}}})
		wantFault(t, err, fault.CodeInvalid, "GRPC-vR9nC")
		_, err = client.SetExecution(checked, &actionv2.SetExecutionRequest{Targets: []string{"1"}})
		wantFault(t, err, fault.CodeInvalid, "ACTION-5r5Ju")
		_, err = client.SetExecution(checked, &actionv2.SetExecutionRequest{Condition: same(t, wire("event/a"), new(actionv2.Condition)), Targets: []string{"1", "9"}})
		wantFault(t, err, fault.CodeNotFound, "COMMAND-17e8fq1ggk")
	})
}

func TestV2BetaIsV2(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1", "2")
	ctx, client := as(t), actionv2beta.NewActionServiceBusClient(w.conn)
	set, err := client.SetExecution(ctx, &actionv2beta.SetExecutionRequest{Condition: same(t, wire("event/a"), new(actionv2beta.Condition)), Targets: []string{"2", "1"}})
	if err != nil {
		t.Fatal(err)
	}
	if again := w.setV2(ctx, t, "event/a", "2", "1"); !again.GetSetDate().AsTime().Equal(set.GetSetDate().AsTime()) {
		t.Error("v2 does not see what v2beta has set")
	}
	w.set(ctx, t, "event/b", "+event/a")
	out, err := client.ListExecutions(ctx, &actionv2beta.ListExecutionsRequest{})
	if err != nil || len(out.GetExecutions()) != 2 || !slices.Equal(out.GetExecutions()[0].GetTargets(), []string{"2", "1"}) || out.GetPagination().GetTotalResult() != 2 {
		t.Fatalf("got %v, %v", out, err)
	}
	_, err = client.SetExecution(ctx, &actionv2beta.SetExecutionRequest{Condition: same(t, wire("event/a"), new(actionv2beta.Condition)), Targets: []string{"9"}})
	wantFault(t, err, fault.CodeNotFound, "COMMAND-17e8fq1ggk")
	functions, err := client.ListExecutionFunctions(ctx, &actionv2beta.ListExecutionFunctionsRequest{})
	if err != nil || !slices.Equal(functions.GetFunctions(), []string{"preuserinfo", "preaccesstoken", "presamlresponse"}) {
		t.Fatalf("got %v, %v", functions, err)
	}
	if _, err := client.ListExecutionMethods(ctx, &actionv2beta.ListExecutionMethodsRequest{}); err != nil {
		t.Error(err)
	}
	if _, err := client.ListExecutionServices(ctx, &actionv2beta.ListExecutionServicesRequest{}); err != nil {
		t.Error(err)
	}
}

// TestVersionsAreTheSameOnTheWire holds reread to what it takes for granted.
func TestVersionsAreTheSameOnTheWire(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]proto.Message{
		{&actionv2.Condition{}, &actionv3alpha.Condition{}},
		{&actionv2.InConditionsFilter{}, &actionv3alpha.InConditionsFilter{}},
		{&actionv2beta.SetExecutionRequest{}, &actionv2.SetExecutionRequest{}},
		{&actionv2beta.SetExecutionResponse{}, &actionv2.SetExecutionResponse{}},
		{&actionv2beta.ListExecutionsRequest{}, &actionv2.ListExecutionsRequest{}},
		{&actionv2beta.ListExecutionsResponse{}, &actionv2.ListExecutionsResponse{}},
		{&actionv2beta.ListExecutionFunctionsResponse{}, &actionv2.ListExecutionFunctionsResponse{}},
		{&actionv2beta.ListExecutionMethodsResponse{}, &actionv2.ListExecutionMethodsResponse{}},
		{&actionv2beta.ListExecutionServicesResponse{}, &actionv2.ListExecutionServicesResponse{}},
	} {
		sameShape(t, pair[0].ProtoReflect().Descriptor(), pair[1].ProtoReflect().Descriptor())
	}
	a, b := actionv2.ExecutionFieldName(0).Descriptor().Values(), actionv3alpha.ExecutionFieldName(0).Descriptor().Values()
	for i := range b.Len() {
		if a.ByNumber(b.Get(i).Number()) == nil {
			t.Errorf("v2 has no column %d", b.Get(i).Number())
		}
	}
}

func sameShape(t *testing.T, a, b protoreflect.MessageDescriptor) {
	t.Helper()
	if a.FullName() == b.FullName() {
		return
	}
	if a.Fields().Len() != b.Fields().Len() {
		t.Errorf("%s has %d fields, %s %d", a.FullName(), a.Fields().Len(), b.FullName(), b.Fields().Len())
	}
	for i := range a.Fields().Len() {
		f := a.Fields().Get(i)
		g := b.Fields().ByNumber(f.Number())
		if g == nil || g.Name() != f.Name() || g.Kind() != f.Kind() || g.Cardinality() != f.Cardinality() {
			t.Errorf("%s is not in %s", f.FullName(), b.FullName())
			continue
		}
		if f.Message() != nil {
			sameShape(t, f.Message(), g.Message())
		}
	}
}

func TestListsAreBounded(t *testing.T) {
	t.Parallel()
	w := setup(t)
	cfg := executions.DefaultConfig()
	cfg.ExecutionMaxTargets, cfg.ExecutionMaxDepth = 3, 1
	w.start(t, cfg)
	w.targets.put("1")
	ctx := as(t)
	w.set(ctx, t, "event/a", "1", "1")
	w.set(ctx, t, "event/b", "+event/a")
	for name, err := range map[string]error{
		"execution.targets: at most 3": func() error { _, err := w.SetExecution(ctx, setRequest("event/c", "1", "1", "1", "1")); return err }(),
		"\"event/c\" would come to":    func() error { _, err := w.SetExecution(ctx, setRequest("event/c", "+event/a", "1")); return err }(),
		"\"event/b\" would come to":    func() error { _, err := w.SetExecution(ctx, setRequest("event/a", "1", "1", "1")); return err }(),
		"more than 1 levels":           func() error { _, err := w.SetExecution(ctx, setRequest("event/c", "+event/b")); return err }(),
		"targets: at most 3": func() error {
			_, err := actionv2.NewActionServiceBusClient(w.conn).SetExecution(ctx, &actionv2.SetExecutionRequest{
				Condition: same(t, wire("event/c"), new(actionv2.Condition)), Targets: []string{"1", "1", "1", "1"},
			})
			return err
		}(),
	} {
		if e, ok := fault.As(err); !ok || !fault.Permanent(err) || !strings.Contains(e.Message, name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
	w.set(ctx, t, "event/a", "1", "1") // unchanged
}

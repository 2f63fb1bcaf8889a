package executions_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	resourcesv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/object/v3alpha"
)

// stored is an execution as the search's model knows it.
type stored struct {
	id      string
	entries []string
	created time.Time
	changed time.Time
}

// archive is a tenant with executions of every kind, some of them noops.
func archive(ctx context.Context, t *testing.T, w *world) []stored {
	t.Helper()
	w.targets.put("1", "2", "3")
	// Set in an order that is not that of the ids.
	lists := [][]string{
		{"request/a.S/M", "1", "2"}, {"event/user.*", "1"}, {"request"}, {"request/a.S", "2", "2"}, {"response/a.S/M", "+request/a.S"},
		{"function/preuserinfo", "3"}, {"event", "+event/user.*", "1"}, {"event/user.human.added"}, {"response", "3", "+request/a.S", "+event/user.*"},
		{"request/B.S", "1"}, {"function/f", "2", "1"},
	}
	var all []stored
	for _, l := range lists {
		out, err := w.SetExecution(ctx, setRequest(l[0], l[1:]...))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, stored{id: l[0], entries: l[1:], created: out.GetDetails().GetCreated().AsTime(), changed: out.GetDetails().GetChanged().AsTime()})
	}
	for _, i := range []int{3, 0} { // changed later, in another order
		all[i].entries = append(slices.Clone(all[i].entries), "3")
		all[i].changed = w.set(ctx, t, all[i].id, all[i].entries...)
	}
	return all
}

// query is a search and what it means.
type query struct {
	filters []func(stored) bool
	in      *actionv3alpha.SearchExecutionsRequest
}

// expect returns the page and the total that a query must have.
func (q query) expect(all []stored) (page []stored, total int) {
	for _, s := range all {
		if len(s.entries) > 0 && !slices.ContainsFunc(q.filters, func(keep func(stored) bool) bool { return !keep(s) }) {
			page = append(page, s)
		}
	}
	slices.SortFunc(page, func(a, b stored) int {
		order := strings.Compare(a.id, b.id)
		switch c := q.in.SortingColumn; {
		case c == nil, c.Number() == 2, c.Number() > 3:
			order = a.created.Compare(b.created)
		case c.Number() == 3:
			order = a.changed.Compare(b.changed)
		}
		return order
	})
	if q.in.GetQuery().GetDesc() {
		slices.Reverse(page)
	}
	total = len(page)
	limit := int(q.in.GetQuery().GetLimit())
	if limit == 0 {
		limit = 100
	}
	page = page[min(int(q.in.GetQuery().GetOffset()), total):]
	return page[:min(limit, len(page))], total
}

func drawQuery(t *rapid.T) query {
	q := query{in: &actionv3alpha.SearchExecutionsRequest{}}
	if rapid.Bool().Draw(t, "paged") {
		q.in.Query = &resourcesv3alpha.SearchQuery{
			Offset: rapid.Uint64Range(0, 12).Draw(t, "offset"), Limit: rapid.Uint32Range(0, 12).Draw(t, "limit"), Desc: rapid.Bool().Draw(t, "desc"),
		}
	}
	if rapid.Bool().Draw(t, "sorted") {
		q.in.SortingColumn = actionv3alpha.ExecutionFieldName(rapid.Int32Range(0, 4).Draw(t, "column")).Enum()
	}
	for range rapid.IntRange(0, 3).Draw(t, "filters") {
		addFilter(t, &q)
	}
	return q
}

func addFilter(t *rapid.T, q *query) {
	ids := []string{"request", "request/a.S", "request/a.S/M", "event/user.*", "event", "response", "function/f", "event/never"}
	f := &actionv3alpha.ExecutionSearchFilter{}
	var keep func(stored) bool
	switch rapid.IntRange(0, 3).Draw(t, "filter") {
	case 0:
		in, wanted := &actionv3alpha.InConditionsFilter{}, rapid.SliceOfN(rapid.SampledFrom(ids), 0, 5).Draw(t, "conditions")
		for _, id := range wanted {
			in.Conditions = append(in.Conditions, wire(id))
		}
		f.Filter = &actionv3alpha.ExecutionSearchFilter_InConditionsFilter{InConditionsFilter: in}
		keep = func(s stored) bool { return slices.Contains(wanted, s.id) }
	case 1:
		kind := rapid.Int32Range(0, 4).Draw(t, "kind")
		f.Filter = &actionv3alpha.ExecutionSearchFilter_ExecutionTypeFilter{ExecutionTypeFilter: &actionv3alpha.ExecutionTypeFilter{ExecutionType: actionv3alpha.ExecutionType(kind)}}
		keep = func(s stored) bool {
			return strings.Split(s.id, "/")[0] == []string{"", "request", "response", "event", "function"}[kind]
		}
	case 2:
		id := rapid.SampledFrom([]string{"1", "2", "3", "4", ""}).Draw(t, "target")
		f.Filter = &actionv3alpha.ExecutionSearchFilter_TargetFilter{TargetFilter: &actionv3alpha.TargetFilter{TargetId: id}}
		keep = func(s stored) bool { return slices.Contains(s.entries, id) }
	case 3:
		id := rapid.SampledFrom(ids).Draw(t, "include")
		f.Filter = &actionv3alpha.ExecutionSearchFilter_IncludeFilter{IncludeFilter: &actionv3alpha.IncludeFilter{Include: wire(id)}}
		keep = func(s stored) bool { return slices.Contains(s.entries, "+"+id) }
	}
	q.in.Filters, q.filters = append(q.in.Filters, f), append(q.filters, keep)
}

func TestSearchAgreesWithModel(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	ctx := as(t)
	archive(as(t), t, w) // somebody else's
	all := archive(ctx, t, w)
	rapid.Check(t, func(rt *rapid.T) {
		q := drawQuery(rt)
		page, total := q.expect(all)
		out, err := w.SearchExecutions(ctx, q.in)
		if err != nil {
			rt.Fatal(err)
		}
		if int(out.GetDetails().GetTotalResult()) != total || len(out.GetResult()) != len(page) {
			rt.Fatalf("%v: %d of %d, want %d of %d", q.in, len(out.GetResult()), out.GetDetails().GetTotalResult(), len(page), total)
		}
		for i, want := range page {
			got := out.GetResult()[i]
			if !proto.Equal(got.GetCondition(), wire(want.id)) || got.GetDetails().GetId() != want.id {
				rt.Fatalf("%v: at %d is %s, want %s", q.in, i, got.GetDetails().GetId(), want.id)
			}
			if !proto.Equal(got.GetExecution(), setRequest(want.id, want.entries...).GetExecution()) {
				rt.Fatalf("%s: %v, want %v", want.id, got.GetExecution(), want.entries)
			}
			if !got.GetDetails().GetChanged().AsTime().Equal(want.changed) || !got.GetDetails().GetCreated().AsTime().Equal(want.created) {
				rt.Fatalf("%s: %v, want created %s, changed %s", want.id, got.GetDetails(), want.created, want.changed)
			}
		}
	})
}

func TestSearchExecutions(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	search := func(q *resourcesv3alpha.SearchQuery, filters ...*actionv3alpha.ExecutionSearchFilter) (*actionv3alpha.SearchExecutionsResponse, error) {
		return w.SearchExecutions(bus.WithChecked(as(t)), &actionv3alpha.SearchExecutionsRequest{Query: q, Filters: filters})
	}
	t.Run("TellsTheLimitItApplied", func(t *testing.T) {
		t.Parallel()
		for asked, want := range map[uint32]uint64{0: 100, 7: 7, 1000: 1000} {
			out, err := search(&resourcesv3alpha.SearchQuery{Limit: asked})
			if err != nil || out.GetDetails().GetAppliedLimit() != want || out.GetDetails().GetTimestamp() == nil {
				t.Errorf("%d: got %v, %v", asked, out, err)
			}
		}
	})
	t.Run("RefusesTooLargeALimit", func(t *testing.T) {
		t.Parallel()
		_, err := search(&resourcesv3alpha.SearchQuery{Limit: 1001})
		wantFault(t, err, fault.CodeInvalid, "QUERY-4M0fs")
	})
	t.Run("RefusesAnOffsetBeyondAllNumbers", func(t *testing.T) {
		t.Parallel()
		_, err := search(&resourcesv3alpha.SearchQuery{Offset: 1 << 63})
		wantFault(t, err, fault.CodeInvalid, "")
	})
	t.Run("RefusesAFilterWithoutType", func(t *testing.T) {
		t.Parallel()
		_, err := search(nil, &actionv3alpha.ExecutionSearchFilter{})
		wantFault(t, err, fault.CodeInvalid, "GRPC-vR9nC")
	})
	t.Run("RefusesFiltersThatNameNoCondition", func(t *testing.T) {
		t.Parallel()
		_, err := search(nil, &actionv3alpha.ExecutionSearchFilter{Filter: &actionv3alpha.ExecutionSearchFilter_InConditionsFilter{
			InConditionsFilter: &actionv3alpha.InConditionsFilter{Conditions: []*actionv3alpha.Condition{{}}},
		}})
		wantFault(t, err, fault.CodeInvalid, "ACTION-5r5Ju")
		_, err = search(nil, &actionv3alpha.ExecutionSearchFilter{Filter: &actionv3alpha.ExecutionSearchFilter_IncludeFilter{
			IncludeFilter: &actionv3alpha.IncludeFilter{},
		}})
		wantFault(t, err, fault.CodeInvalid, "ACTION-9BBob")
	})
}

func TestSearchFindsNoTargetThatIsGone(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	ctx := as(t)
	w.targets.put("1", "2")
	w.set(ctx, t, "event", "1", "2", "1")
	w.set(ctx, t, "request", "1")
	w.deleteTarget(ctx, t, "1")
	eventually(t, "what is left empty is not listed", func() bool {
		out, err := w.SearchExecutions(ctx, &actionv3alpha.SearchExecutionsRequest{})
		return err == nil && len(out.GetResult()) == 1 && len(out.GetResult()[0].GetExecution().GetTargets()) == 1
	})
	if c, ids := w.request(ctx, t, "/a.S/M"); c != "request" || ids != nil {
		t.Fatalf("%s called %v: it must stay, as a noop", c, ids)
	}
	first := w.set(ctx, t, "event", "2") // as it is now
	if again := w.set(ctx, t, "event", "2"); !again.Equal(first) {
		t.Fatal("the same list again was a change")
	}
}

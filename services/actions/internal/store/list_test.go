package store_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// texts are names and parts of names, chosen to meet each other, with
// characters that are wildcards elsewhere.
func texts() *rapid.Generator[string] { return rapid.StringMatching(`[aAäÄ%_\\.*]{0,3}`) }

// filters draws any filter over existing ids, names and states.
func filters(existing []action.Action) *rapid.Generator[action.Filter] {
	return rapid.Custom(func(t *rapid.T) action.Filter {
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			id := action.ID("4711")
			if len(existing) > 0 && rapid.Bool().Draw(t, "existing") {
				id = rapid.SampledFrom(existing).Draw(t, "action").ID
			}
			return action.ByID(id)
		case 1:
			return action.ByState(rapid.SampledFrom([]action.State{action.Active, action.Inactive, ""}).Draw(t, "state"))
		default:
			return action.ByName{
				Text:       texts().Draw(t, "text"),
				Method:     action.Method(rapid.IntRange(0, 3).Draw(t, "method")),
				IgnoreCase: rapid.Bool().Draw(t, "ignore case"),
			}
		}
	})
}

// passes is the model of a filter.
func passes(a action.Action, f action.Filter) bool {
	switch f := f.(type) {
	case action.ByID:
		return a.ID == action.ID(f)
	case action.ByState:
		return a.State == action.State(f)
	case action.ByName:
		name, text := a.Name, f.Text
		if f.IgnoreCase {
			name, text = strings.ToLower(name), strings.ToLower(text)
		}
		compare := []func(string, string) bool{func(a, b string) bool { return a == b }, strings.HasPrefix, strings.Contains, strings.HasSuffix}
		return compare[f.Method](name, text)
	}
	return false
}

// list is the model of ListActions.
func list(all []action.Action, q action.Query) (page []action.Action, total uint64) {
	found := slices.DeleteFunc(slices.Clone(all), func(a action.Action) bool {
		return slices.ContainsFunc(q.Filters, func(f action.Filter) bool { return !passes(a, f) })
	})
	wireState := map[action.State]int{action.Inactive: 1, action.Active: 2}
	slices.SortFunc(found, func(a, b action.Action) int {
		c := 0
		switch q.Order {
		case action.OrderName:
			c = cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		case action.OrderState:
			c = cmp.Compare(wireState[a.State], wireState[b.State])
		}
		c = cmp.Or(c, cmp.Compare(a.ID, b.ID))
		if !q.Ascending {
			c = -c
		}
		return c
	})
	first := min(q.Offset, uint64(len(found)))
	last := min(first+uint64(q.Limit), uint64(len(found)))
	return found[first:last], uint64(len(found))
}

// deactivate stores an action's move to inactive.
func deactivate(ctx context.Context, s *store.Store, a action.Action) (action.Action, error) {
	after, err := a.Apply(action.Deactivate, now.Add(time.Minute))
	if err != nil {
		return a, err
	}
	return after, s.Tx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.SaveAction(ctx, after, after.Changed) })
}

func TestListActionsLikeAModel(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		in, foreign := newScope(), newScope()
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[aAäÄb%_\\.*]{1,4}`), 0, 8, action.FoldName).Draw(t, "names")
		var all []action.Action
		for _, name := range names {
			if _, err := create(ctx, s, foreign, action.Content{Name: name, Script: "foreign"}, ids.Next); err != nil {
				t.Fatal(err)
			}
			a, err := create(ctx, s, in, action.Content{Name: name, Script: "of " + name}, ids.Next)
			if err == nil && rapid.Bool().Draw(t, "inactive") {
				a, err = deactivate(ctx, s, a)
			}
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, a)
		}
		for range 5 {
			q := action.Query{
				Filters:   rapid.SliceOfN(filters(all), 0, 3).Draw(t, "filters"),
				Order:     action.Column(rapid.IntRange(0, 2).Draw(t, "order")),
				Ascending: rapid.Bool().Draw(t, "ascending"),
				Offset:    rapid.SampledFrom([]uint64{0, 0, 1, 2, 7, 1 << 63}).Draw(t, "offset"),
				Limit:     rapid.Uint32Range(1, 9).Draw(t, "limit"),
			}
			page, total, err := s.ListActions(ctx, in, q)
			if err != nil {
				t.Fatal(err)
			}
			if want, wantTotal := list(all, q); !slices.Equal(page, want) || total != wantTotal {
				t.Fatalf("got %d of %v\nwant %d of %v", total, page, wantTotal, want)
			}
		}
	})
}

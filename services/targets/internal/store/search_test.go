package store_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// TestSearch compares what Postgres finds with what a slow model does.
func TestSearch(t *testing.T) {
	t.Parallel()
	s := store.New(pgtest.New(t, "targets", store.Migrations))
	ids := ident.NewSource(1)

	rapid.Check(t, func(rt *rapid.T) {
		ctx := tenant.With(context.Background(), tenant.Identity{Tenant: tenant.ID(ident.NewUUID())})
		targets := populate(ctx, rt, s, ids)
		for range 5 {
			query := searches(targets).Draw(rt, "search")
			page, err := s.Search(ctx, query)
			if err != nil {
				rt.Fatal(err)
			}
			want, total := model(targets, query)
			var got []target.Target
			for _, found := range page.Targets {
				got = append(got, found.Target)
				if string(found.Key.Data) != "key of "+string(found.ID) {
					rt.Fatalf("%s has %q", found.ID, found.Key.Data)
				}
			}
			if page.Total != total || !slices.Equal(got, want) || page.At.IsZero() {
				rt.Fatalf("%+v among %+v:\n got %+v of %d\nwant %+v of %d", query, targets, got, page.Total, want, total)
			}
		}
	})
}

// populate gives the tenant of ctx some targets, many of which are alike in
// everything but the id, also in the time of their creation.
func populate(ctx context.Context, rt *rapid.T, s *store.Store, ids *ident.Source) (targets []target.Target) {
	configs := rapid.SliceOfN(configs(), 0, 12).Draw(rt, "configs")
	err := s.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		targets = nil
		for i, c := range configs {
			t, err := tx.InsertTarget(ctx, target.ID(ids.Next()), c)
			if err == nil {
				err = tx.AddKey(ctx, t, sealed("key of "+string(t.ID)))
			}
			if err == nil && i%3 == 0 {
				t, err = tx.UpdateTarget(ctx, t.ID, c)
			}
			if err != nil {
				return err
			}
			targets = append(targets, t)
		}
		return nil
	})
	if err != nil {
		rt.Fatal(err)
	}
	return targets
}

// texts are full of what LIKE and case folding could get wrong.
func texts(shortest, longest int) *rapid.Generator[string] {
	return rapid.StringOfN(rapid.RuneFrom([]rune(`aAbB%_\äÄ.*`)), shortest, longest, -1)
}

func configs() *rapid.Generator[target.Config] {
	return rapid.Custom(func(t *rapid.T) target.Config {
		kind := rapid.SampledFrom([]target.Kind{target.Webhook, target.Call, target.Async}).Draw(t, "kind")
		return target.Config{
			Name:             texts(1, 5).Draw(t, "name"),
			Kind:             kind,
			InterruptOnError: kind != target.Async && rapid.Bool().Draw(t, "interrupt"),
			Timeout:          rapid.SampledFrom([]time.Duration{1, 2, time.Minute}).Draw(t, "timeout"),
			Endpoint:         rapid.SampledFrom([]string{"nats://a", "nats://B", "nats://ä"}).Draw(t, "endpoint"),
			Payload:          target.JSON,
		}
	})
}

func searches(targets []target.Target) *rapid.Generator[target.Search] {
	known := []target.ID{"1", "x"}
	for _, t := range targets {
		known = append(known, t.ID)
	}
	filter := rapid.OneOf(
		rapid.Custom(func(t *rapid.T) target.Filter {
			return target.NameFilter{
				Text:       texts(0, 3).Draw(t, "text"),
				Match:      target.Match(rapid.IntRange(int(target.Equals), int(target.EndsWith)).Draw(t, "match")),
				IgnoreCase: rapid.Bool().Draw(t, "ignore case"),
			}
		}),
		rapid.Custom(func(t *rapid.T) target.Filter {
			return target.IDFilter(rapid.SliceOf(rapid.SampledFrom(known)).Draw(t, "ids"))
		}))
	return rapid.Custom(func(t *rapid.T) target.Search {
		return target.Search{
			Filters: rapid.SliceOfN(filter, 0, 3).Draw(t, "filters"),
			SortBy:  target.Column(rapid.IntRange(int(target.ByCreated), int(target.ByInterruptOnError)).Draw(t, "sort by")),
			Desc:    rapid.Bool().Draw(t, "desc"),
			Offset:  rapid.SampledFrom([]uint64{0, 1, 3, 1 << 63}).Draw(t, "offset"),
			Limit:   rapid.SampledFrom([]uint32{1, 3, 1000}).Draw(t, "limit"),
		}
	})
}

// model answers a search over all targets of a tenant.
func model(targets []target.Target, q target.Search) (page []target.Target, total uint64) {
	for _, t := range targets {
		if !slices.ContainsFunc(q.Filters, func(f target.Filter) bool { return !matches(f, t) }) {
			page = append(page, t)
		}
	}
	slices.SortFunc(page, func(a, b target.Target) int {
		order := cmp.Or(compare(q.SortBy, a, b), cmp.Compare(a.ID, b.ID))
		if q.Desc {
			return -order
		}
		return order
	})
	total = uint64(len(page))
	page = page[min(q.Offset, total):]
	return page[:min(uint64(q.Limit), uint64(len(page)))], total
}

func matches(f target.Filter, t target.Target) bool {
	switch f := f.(type) {
	case target.IDFilter:
		return slices.Contains(f, t.ID)
	case target.NameFilter:
		name, text := t.Name, f.Text
		if f.IgnoreCase {
			name, text = strings.ToLower(name), strings.ToLower(text)
		}
		return map[target.Match]bool{
			target.Equals:     name == text,
			target.StartsWith: strings.HasPrefix(name, text),
			target.Contains:   strings.Contains(name, text),
			target.EndsWith:   strings.HasSuffix(name, text),
		}[f.Match]
	}
	panic(fmt.Sprintf("filter %T", f))
}

func compare(by target.Column, a, b target.Target) int {
	return map[target.Column]int{
		target.ByCreated:          a.Created.Compare(b.Created),
		target.ByChanged:          a.Changed.Compare(b.Changed),
		target.ByID:               cmp.Compare(a.ID, b.ID),
		target.ByName:             cmp.Compare(a.Name, b.Name),
		target.ByKind:             cmp.Compare(a.Kind, b.Kind),
		target.ByEndpoint:         cmp.Compare(a.Endpoint, b.Endpoint),
		target.ByTimeout:          cmp.Compare(a.Timeout, b.Timeout),
		target.ByInterruptOnError: cmp.Compare(number(a.InterruptOnError), number(b.InterruptOnError)),
	}[by]
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

package targets_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
)

// TestVersionsShowTheSameTargets drives the three versions of the API at once,
// each step through any of them, against a list that is searched from end to
// end. What one wrote, all must read.
func TestVersionsShowTheSameTargets(t *testing.T) {
	t.Parallel()
	w := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		ctx := tenant.With(context.Background(), tenant.Identity{Tenant: tenant.ID(ident.NewUUID()), Person: "p1"})
		m := &versionsModel{ctx: ctx, versions: w.versions()}
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			rapid.SampledFrom([]func(*rapid.T){m.create, m.create, m.update, m.update, m.remove, m.list}).Draw(rt, "step")(rt)
		}
		m.compare(rt)
	})
}

// versionsModel is what a tenant has.
type versionsModel struct {
	ctx      context.Context
	versions map[string]version
	targets  []seen
}

func (m *versionsModel) create(t *rapid.T) {
	v, want := m.through(t), target().Draw(t, "target")
	id, key, err := v.create(m.ctx, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.get(m.ctx, id)
	want.id, want.key, want.created, want.changed = id, key, got.created, got.created
	if err != nil || got != want {
		t.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
	m.targets = append(m.targets, want)
}

func (m *versionsModel) update(t *rapid.T) {
	v, wanted, c := m.through(t), target().Draw(t, "values"), change{rotate: rapid.Bool().Draw(t, "rotate")}
	c.name = rapid.SampledFrom([]*string{nil, &wanted.name}).Draw(t, "name")
	c.endpoint = rapid.SampledFrom([]*string{nil, &wanted.endpoint}).Draw(t, "endpoint")
	c.kind = rapid.SampledFrom([]*kind{nil, &wanted.kind}).Draw(t, "kind")
	c.timeout = rapid.SampledFrom([]*time.Duration{nil, &wanted.timeout}).Draw(t, "timeout")
	i, id := m.pick(t)
	changed, key, err := v.update(m.ctx, id, c)
	if i < 0 {
		if f, ok := fault.As(err); !ok || f.Code != fault.CodeNotFound || f.ID != "COMMAND-xj14f2cccn" {
			t.Fatalf("got %v", err)
		}
		return
	}
	before := m.targets[i]
	after := before
	apply(&after.name, c.name)
	apply(&after.endpoint, c.endpoint)
	apply(&after.kind, c.kind)
	apply(&after.timeout, c.timeout)
	if err != nil || (key != "") != c.rotate || (after != before || c.rotate) != changed.After(before.changed) {
		t.Fatalf("%+v became %+v at %s, key %q, %v", before, after, changed, key, err)
	}
	after.changed = changed
	if c.rotate {
		after.key = key
	}
	m.targets[i] = after
}

func (m *versionsModel) remove(t *rapid.T) {
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(m.versions))).Draw(t, "through")
	i, id := m.pick(t)
	err := m.versions[name].remove(m.ctx, id)
	switch {
	case i >= 0 && err == nil:
		m.targets = slices.Delete(m.targets, i, i+1)
	case i < 0 && name == "v3alpha" && fault.CodeOf(err) == fault.CodeNotFound:
	case i < 0 && name != "v3alpha" && err == nil:
	default:
		t.Fatalf("%s, %d: %v", name, i, err)
	}
}

func (m *versionsModel) list(t *rapid.T) {
	v := m.through(t)
	prefix := rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "prefix")
	desc, offset, limit := rapid.Bool().Draw(t, "desc"), rapid.IntRange(0, 2).Draw(t, "offset"), rapid.IntRange(1, 3).Draw(t, "limit")
	page, total, err := v.list(m.ctx, prefix, desc, offset, limit)
	var want []seen
	for _, s := range m.targets { // in the order of their creation
		if strings.HasPrefix(s.name, prefix) {
			want = append(want, s)
		}
	}
	all := len(want)
	if desc {
		slices.Reverse(want)
	}
	want = want[min(offset, all):]
	want = want[:min(limit, len(want))]
	if err != nil || total != all || !slices.Equal(page, want) {
		t.Fatalf("got %+v of %d, %v, want %+v of %d", page, total, err, want, all)
	}
}

// compare reads every target through every version.
func (m *versionsModel) compare(t *rapid.T) {
	for name, v := range m.versions {
		page, _, err := v.list(m.ctx, "", false, 0, 1000)
		if err != nil || !slices.Equal(page, m.targets) {
			t.Fatalf("%s shows %+v, %v, want %+v", name, page, err, m.targets)
		}
	}
}

func (m *versionsModel) through(t *rapid.T) version {
	return m.versions[rapid.SampledFrom(slices.Sorted(maps.Keys(m.versions))).Draw(t, "through")]
}

// pick returns a target, or -1 and an id that nobody has.
func (m *versionsModel) pick(t *rapid.T) (int, string) {
	i := rapid.IntRange(-1, len(m.targets)-1).Draw(t, "which")
	if i < 0 {
		return -1, rapid.SampledFrom([]string{"42", "nobody"}).Draw(t, "id")
	}
	return i, m.targets[i].id
}

// target draws from few values, so that changes often say what is there.
func target() *rapid.Generator[seen] {
	return rapid.Custom(func(t *rapid.T) seen {
		return seen{
			name:     rapid.SampledFrom([]string{"a", "ab", "b"}).Draw(t, "name"),
			endpoint: rapid.SampledFrom([]string{"nats://a", "https://example.com"}).Draw(t, "endpoint"),
			kind:     rapid.SampledFrom([]kind{webhookKind, webhookInterrupt, callKind, callInterrupt, asyncKind}).Draw(t, "kind"),
			timeout:  rapid.SampledFrom([]time.Duration{time.Millisecond, 270 * time.Second}).Draw(t, "timeout"),
		}
	})
}

func apply[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

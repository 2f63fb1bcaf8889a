package executions_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/cache/cachetest"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/telemetry"
	executionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/executions/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	"github.com/actionplane/actionplane/services/executions"
)

// kind is one event of a type of the tenant of ctx.
func kind(ctx context.Context, eventType string) *executionsv1.EventKind {
	return &executionsv1.EventKind{TenantId: tenantOf(ctx), Type: eventType, Count: 1}
}

func targetsOf(found *executionsv1.ResolvedEvents) (ids []string) {
	for _, s := range found.GetChain().GetSteps() {
		ids = append(ids, s.GetId())
	}
	return ids
}

// ask asks for kinds, and fails the test where there is no answer to each.
func (w *world) ask(t testing.TB, wait bool, kinds ...*executionsv1.EventKind) []*executionsv1.ResolvedEvents {
	t.Helper()
	out, err := w.chains.ResolveEvents(t.Context(), &executionsv1.ResolveEventsRequest{Kinds: kinds, Wait: wait})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.GetKinds()) != len(kinds) {
		t.Fatalf("%d answers to %d kinds", len(out.GetKinds()), len(kinds))
	}
	return out.GetKinds()
}

// wantResolved compares answers with "condition: targets", or "pending".
func wantResolved(t testing.TB, got []*executionsv1.ResolvedEvents, want ...string) {
	t.Helper()
	for i, found := range got {
		text := found.GetChain().GetCondition() + ": " + strings.Join(targetsOf(found), " ")
		switch {
		case found.GetPending():
			text = "pending"
		case found.GetProblem() != "":
			text = found.GetProblem()
		}
		if text != want[i] {
			t.Errorf("answer %d is %q, want %q", i, text, want[i])
		}
	}
}

func TestResolveEvents(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1", "2", "3")
	one, two := as(t), as(t)
	w.set(one, t, "event/user.human.*", "2", "1")
	w.set(one, t, "event/user.*") // noop
	w.set(two, t, "event", "3")
	kinds := []*executionsv1.EventKind{
		kind(two, "user.human.added"), kind(one, "user.human.added"), kind(one, "user.added"), kind(one, "org.added"), kind(as(t), "user.human.added"),
	}
	resolved := []string{"event: 3", "event/user.human.*: 2 1", "event/user.*: ", ": ", ": "}

	// One after the other: what is at hand is what was asked before.
	t.Run("WhatIsNotAtHandIsPendingAndNobodyIsAsked", func(t *testing.T) {
		before := w.targets.count()
		wantResolved(t, w.ask(t, false, kinds...), slices.Repeat([]string{"pending"}, len(kinds))...)
		if n := w.targets.count() - before; n > 0 {
			t.Errorf("targets was asked %d times", n)
		}
	})
	t.Run("WhoWaitsGetsAllOfAnyTenant", func(t *testing.T) {
		wantResolved(t, w.ask(t, true, kinds...), resolved...)
	})
	t.Run("WhatIsAtHandIsAnsweredBesideWhatIsNot", func(t *testing.T) {
		before := w.targets.count()
		wantResolved(t, w.ask(t, false, append(kinds, kind(two, "another"))...), append(resolved, "pending")...)
		if n := w.targets.count() - before; n > 0 {
			t.Errorf("targets was asked %d times", n)
		}
	})
	t.Run("AChangeIsInForceForTheNextQuestion", func(t *testing.T) {
		w.set(one, t, "event/user.human.*", "3")
		if w.log.count("executions.settle") > 0 { // where the feed is slow, a change is in force a moment later
			eventually(t, "the change is in force", func() bool { return w.ask(t, false, kinds[1])[0].GetPending() })
		}
		changed := slices.Clone(resolved)
		changed[1] = "event/user.human.*: 3"
		wantResolved(t, w.ask(t, false, kinds...), "event: 3", "pending", "pending", "pending", ": ")
		wantResolved(t, w.ask(t, true, kinds...), changed...)
	})
	t.Run("NothingIsAskedFor", func(t *testing.T) { w.ask(t, false) })
}

func TestResolveEventsNamesWhatIsWrongWithATypeOfEach(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1")
	ctx := as(t)
	w.set(ctx, t, "event", "1")
	bad := []string{"", "user/added", "user.\x00", "a..b", "a.*", ">", "a b", "a\u200b", strings.Repeat("x", 1001), strings.Repeat("x", 8192)}
	kinds := make([]*executionsv1.EventKind, len(bad), len(bad)+1)
	for i, name := range bad {
		kinds[i] = kind(ctx, name)
	}
	kinds = append(kinds, kind(ctx, strings.Repeat("x", 1000)))
	for _, wait := range []bool{true, false} {
		got := w.ask(t, wait, kinds...)
		for i, name := range bad {
			if p := got[i].GetProblem(); p == "" || len(p) > 200 || got[i].GetPending() || got[i].GetChain() != nil {
				t.Errorf("type %q: %v", name, got[i])
			}
		}
		wantResolved(t, got[len(bad):], "event: 1")
	}
}

func TestResolveEventsWithoutNeighbours(t *testing.T) {
	t.Parallel()
	// away takes a neighbour away. What was at hand goes on being answered, and
	// what was not fails for who waits alone.
	check := func(t *testing.T, w *world, ctx context.Context, away func()) {
		t.Helper()
		w.targets.put("1")
		w.set(ctx, t, "event", "1")
		known, unknown := kind(ctx, "known"), kind(ctx, "unknown")
		w.ask(t, true, known)
		away()
		wantResolved(t, w.ask(t, false, unknown, known), "pending", "event: 1")
		wantResolved(t, w.ask(t, true, known), "event: 1")
		_, err := w.chains.ResolveEvents(t.Context(), &executionsv1.ResolveEventsRequest{Kinds: []*executionsv1.EventKind{unknown}, Wait: true})
		wantFault(t, err, fault.CodeUnavailable, "")
		wantResolved(t, w.ask(t, false, known, unknown), "event: 1", "pending")
	}

	t.Run("Targets", func(t *testing.T) {
		t.Parallel()
		w, ctx := begun(t, 1), as(t)
		check(t, w, ctx, func() { w.targets.setAway(true) })
		w.targets.setAway(false)
		wantResolved(t, w.ask(t, true, kind(ctx, "unknown")), "event: 1")
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		db := w.open(t)
		w.startWith(t, executions.DefaultConfig(), host.Deps{DB: db, Cache: cachetest.Open(t, w.redis)})
		check(t, w, as(t), db.Close)
	})
}

func TestResolveEventsAnswersNoMoreThanTheBusTakes(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	const many = 24
	size := int(w.conn.MaxPayload() / 17) // of a chain
	w.targets.put("small", "large", "one")
	grow := func(id string, bytes int) {
		w.targets.mu.Lock()
		defer w.targets.mu.Unlock()
		w.targets.known[id].Endpoint = "https://example.com/" + strings.Repeat("x", bytes)
	}
	grow("large", size)
	few, large, vast, endless := as(t), as(t), as(t), as(t)
	w.set(few, t, "event", "small")
	w.set(large, t, "event", "large")
	w.set(vast, t, "event", slices.Repeat([]string{"large"}, 12)...)
	w.set(endless, t, "event", slices.Repeat([]string{"large"}, 24)...)

	t.Run("WhatThereIsNoRoomForIsPendingAndAnsweredInTheEnd", func(t *testing.T) {
		left, questions := []*executionsv1.EventKind{}, 0
		for i := range many {
			left = append(left, kind(large, "number."+strconv.Itoa(i)))
		}
		for ; len(left) > 0; questions++ {
			var pending []*executionsv1.EventKind
			for i, found := range w.ask(t, true, left...) {
				if found.GetPending() {
					pending = append(pending, left[i])
				} else {
					wantResolved(t, []*executionsv1.ResolvedEvents{found}, "event: large")
				}
			}
			if len(pending) == len(left) {
				t.Fatalf("none of %d is answered", len(left))
			}
			left = pending
		}
		if questions < 2 || questions > 4 {
			t.Errorf("%d questions", questions)
		}
	})
	t.Run("AVastOneIsAnsweredAloneAndHoldsUpNobody", func(t *testing.T) {
		all := "event: " + strings.Join(slices.Repeat([]string{"large"}, 12), " ")
		for _, wait := range []bool{true, false} {
			wantResolved(t, w.ask(t, wait, kind(vast, "a"), kind(few, "a"), kind(vast, "a"), kind(large, "a")), "pending", "event: small", "pending", "event: large")
			wantResolved(t, w.ask(t, wait, kind(vast, "a")), all)
		}
	})
	t.Run("OneThatNoAnswerCanHoldIsAFailureOfItsOwn", func(t *testing.T) {
		for range 2 {
			_, err := w.chains.ResolveEvents(t.Context(), &executionsv1.ResolveEventsRequest{Kinds: []*executionsv1.EventKind{kind(endless, "a")}, Wait: true})
			wantFault(t, err, fault.CodeExhausted, "")
			wantResolved(t, w.ask(t, false, kind(endless, "a"), kind(few, "a")), "pending", "event: small")
		}
	})
}

// TestResolveEventsCountsEachOfAKind counts events, not questions.
func TestResolveEventsCountsEachOfAKind(t *testing.T) {
	t.Parallel()
	running, err := telemetry.Start(t.Context(), telemetry.Config{Service: "executions"})
	if err != nil {
		t.Fatal(err)
	}
	w := setup(t)
	w.startWith(t, executions.DefaultConfig(), host.Deps{Cache: cachetest.Open(t, w.redis), Telemetry: running})
	w.targets.put("1")
	ctx := as(t)
	w.set(ctx, t, "event/user.*", "1")
	counted := func(n uint32, eventType string) *executionsv1.EventKind {
		k := kind(ctx, eventType)
		k.Count = n
		return k
	}
	w.ask(t, true, counted(3, "user.added"), counted(5, "org.added"), counted(100, "a..b"))
	w.ask(t, false, counted(4, "user.added"), counted(6, "org.added"), counted(100, "user.removed"))
	w.targets.setAway(true)
	_, err = w.chains.ResolveEvents(t.Context(), &executionsv1.ResolveEventsRequest{Kinds: []*executionsv1.EventKind{counted(2, "user.moved")}, Wait: true})
	wantFault(t, err, fault.CodeUnavailable, "")
	if _, err := w.hooks.RunRequestHook(ctx, &hooksv1.RunRequestHookRequest{Method: "/a.S/M"}); err != nil {
		t.Fatal(err)
	}

	r := httptest.NewRecorder()
	running.MetricsHandler().ServeHTTP(r, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	for series, want := range map[[2]string]string{
		{"event", "match"}: "7", {"event", "none"}: "11", {"event", "error"}: "2", {"request", "none"}: "1", {"request", "match"}: "0",
	} {
		if got := resolvedTotal(r.Body.String(), series[0], series[1]); got != want {
			t.Errorf("%v: %q are counted, want %s", series, got, want)
		}
	}
}

// resolvedTotal returns the value of a series of actionplane_resolve_total.
func resolvedTotal(scraped, kind, result string) string {
	for line := range strings.Lines(scraped) {
		if strings.HasPrefix(line, "actionplane_resolve_total{") && strings.Contains(line, `kind="`+kind+`"`) && strings.Contains(line, `result="`+result+`"`) {
			_, value, _ := strings.Cut(line, "} ")
			return strings.TrimSpace(value)
		}
	}
	return ""
}

package executions_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/sdk"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	"github.com/actionplane/actionplane/services/executions/internal/chain"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
)

// service is an internal service with the SDK.
func (w *world) service(ctx context.Context, t testing.TB) (c *sdk.Client, gone func()) {
	t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(w.server.Server))
	if err != nil {
		t.Fatal(err)
	}
	// A lease that a slow machine does not end.
	c, err = sdk.New(nc, sdk.Config{Tenant: tenantOf(ctx), IndexLease: patience})
	if err != nil {
		t.Fatal(err)
	}
	return c, func() {
		_ = c.Close() // the connection may be gone
		nc.Close()
	}
}

// indexed is service with an index that is read.
func (w *world) indexed(ctx context.Context, t testing.TB) *sdk.Client {
	t.Helper()
	c, gone := w.service(ctx, t)
	t.Cleanup(gone)
	eventually(t, "the index is read", func() bool { return !c.MayListen(sdk.KindRequest, "/never.S/M") })
	return c
}

// TestIndexOfSDKAsksExactlyWhereSomebodyListens sets conditions at random, and
// wants the index to say "nobody" exactly where the resolver has no winner.
func TestIndexOfSDKAsksExactlyWhereSomebodyListens(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	services, methods := []string{"a", "a.b", "a.b.c", "ab", "é.ü"}, []string{"M", "N", "MN", "a"}
	kinds := []condition.Kind{condition.Request, condition.Response}
	rapid.Check(t, func(rt *rapid.T) {
		ctx := as(t)
		set := map[string]bool{}
		list := func(n int) {
			for range n {
				kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
				id := rapid.SampledFrom([]string{
					string(kind) + "/" + rapid.SampledFrom(services).Draw(rt, "service"),
					string(kind) + "/" + rapid.SampledFrom(services).Draw(rt, "service") + "/" + rapid.SampledFrom(methods).Draw(rt, "method"),
					"function/" + rapid.SampledFrom(methods).Draw(rt, "function"), "event/a", "event", string(kind),
				}).Draw(rt, "condition")
				if id != string(kind) || rapid.IntRange(0, 9).Draw(rt, "all") == 0 { // behind which nothing shows
					w.set(ctx, t, id)
					set[id] = true
				}
			}
		}
		list(rapid.IntRange(0, 3).Draw(rt, "before")) // the client comes
		c, gone := w.service(ctx, t)
		defer gone()
		list(rapid.IntRange(0, 5).Draw(rt, "after"))
		for _, trigger := range everyTrigger(services, methods) {
			_, matches := chain.Winner(condition.Candidates(trigger), func(id string) bool { return set[id] })
			eventually(t, fmt.Sprintf("%v is asked about: %v, for there is %v", trigger, matches, set), func() bool {
				return c.MayListen(sdk.Kind(trigger.Kind), trigger.Name) == matches
			})
		}
		for _, trigger := range everyTrigger(services[:2], methods[:1]) { // and the resolver agrees
			winner, _ := chain.Winner(condition.Candidates(trigger), func(id string) bool { return set[id] })
			if trigger.Kind == condition.Request {
				if out, err := w.hooks.RunRequestHook(ctx, &hooksv1.RunRequestHookRequest{Method: trigger.Name}); err != nil || out.GetCondition() != winner {
					rt.Fatalf("%v: %v, %v; want %q", trigger, out, err, winner)
				}
			}
		}
	})
}

// everyTrigger names every method of every service, and functions alike.
func everyTrigger(services, methods []string) []condition.Trigger {
	var all []condition.Trigger
	for _, m := range methods {
		for _, s := range services {
			name := "/" + s + "/" + m
			all = append(all, condition.Trigger{Kind: condition.Request, Name: name}, condition.Trigger{Kind: condition.Response, Name: name})
		}
		all = append(all, condition.Trigger{Kind: condition.Function, Name: m})
	}
	return all
}

// TestIndexOfSDKAsksAboutWhatIsNoName: whoever names something that cannot be
// is told so by executions, so the index must not answer for it.
func TestIndexOfSDKAsksAboutWhatIsNoName(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	ctx := as(t)
	c := w.indexed(ctx, t)
	part := rapid.OneOf(rapid.StringMatching(`[a.b/*> é\x{200b}]{0,4}`), rapid.SampledFrom([]string{"a", "a.b", "/", ".", "", strings.Repeat("x", 998), "\xff"}))
	rapid.Check(t, func(rt *rapid.T) {
		trigger := condition.Trigger{
			Kind: rapid.SampledFrom([]condition.Kind{condition.Request, condition.Response, condition.Function}).Draw(rt, "kind"),
			Name: strings.Join(rapid.SliceOfN(part, 1, 4).Draw(rt, "parts"), rapid.SampledFrom([]string{"", "/"}).Draw(rt, "between")),
		}
		if valid := trigger.Validate() == nil; valid == c.MayListen(sdk.Kind(trigger.Kind), trigger.Name) {
			rt.Fatalf("%q is valid: %v", trigger.Name, valid)
		}
	})
}

// TestIndexOfSDKWhileConditionsAreSet starts clients while thousands of
// conditions come: none of them misses one.
func TestIndexOfSDKWhileConditionsAreSet(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	ctx := as(t)
	const conditions = 1050
	var setting sync.WaitGroup
	for part := range 32 {
		setting.Go(func() {
			for i := part; i < conditions; i += 32 {
				w.set(ctx, t, fmt.Sprintf("request/a.S/M%d", i))
			}
		})
	}
	var clients []*sdk.Client
	for range 8 {
		clients = append(clients, w.indexed(ctx, t))
	}
	setting.Wait()
	clients = append(clients, w.indexed(ctx, t)) // of two pages
	for _, c := range clients {
		eventually(t, "all are known and the index is fresh", func() bool {
			for i := range conditions {
				if !c.MayListen(sdk.KindRequest, fmt.Sprintf("/a.S/M%d", i)) {
					return false
				}
			}
			return !c.MayListen(sdk.KindRequest, "/never.S/M")
		})
	}
}

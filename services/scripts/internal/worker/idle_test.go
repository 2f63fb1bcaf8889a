package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// A tenant that floods the pool leaves a worker to the others.
func TestInvokeATenantDoesNotTakeAllWorkers(t *testing.T) {
	t.Parallel()
	pool := startPool(t, openConfig(t, 3))
	g := newGate(t)
	var running sync.WaitGroup
	for range 10 {
		running.Go(func() {
			req := g.request()
			req.Tenant = "flood"
			if res, err := pool.Invoke(context.Background(), req); err != nil || res.Error != nil {
				t.Errorf("a patient invocation gives %v, %v", err, res.Error)
			}
		})
	}
	for range 2 {
		<-g.arrived // its share; eight wait
	}
	for i := range 5 {
		req := request(`function run() { return {through: true} }`)
		req.Tenant = fmt.Sprint("tenant ", i)
		if res := invoke(t, pool, req); string(res.Output) != `{"through":true}` {
			t.Errorf("a neighbour gets %s, %v", res.Output, res.Error)
		}
	}
	close(g.open)
	running.Wait()
}

// Tenants that wait take turns, however many invocations one of them has.
func TestIdleTakesTurns(t *testing.T) {
	t.Parallel()
	idle := newIdle(100, 1)
	w := &process{}
	idle.put(w)
	if _, err := idle.get(context.Background(), "first"); err != nil {
		t.Fatal(err)
	}
	served := make(chan string, 10)
	var waiting sync.WaitGroup
	for n, tenant := range []string{"a", "a", "a", "b", "c"} {
		waiting.Go(func() {
			p, err := idle.get(context.Background(), tenant)
			if err != nil {
				t.Error(err)
			}
			served <- tenant
			idle.put(p)
		})
		for { // in this order
			idle.mu.Lock()
			joined := idle.waiting
			idle.mu.Unlock()
			if joined == n+1 {
				break
			}
		}
	}
	idle.put(w)
	waiting.Wait()
	order := ""
	for range 5 {
		order += <-served
	}
	if order != "abcaa" {
		t.Errorf("served in the order %s", order)
	}
}

// A tenant's queue is half of the whole: the others find room.
func TestIdleQueueIsShared(t *testing.T) {
	t.Parallel()
	idle := newIdle(4, 1)
	ctx, cancel := context.WithCancel(context.Background())
	var waiting sync.WaitGroup
	defer waiting.Wait()
	defer cancel()
	for range 2 {
		waiting.Go(func() { _, _ = idle.get(ctx, "a") })
	}
	for {
		idle.mu.Lock()
		joined := idle.waiting
		idle.mu.Unlock()
		if joined == 2 {
			break
		}
	}
	if _, err := idle.get(context.Background(), "a"); fault.CodeOf(err) != fault.CodeExhausted {
		t.Errorf("a third of one tenant gets %v", err)
	}
	gone, leave := context.WithCancel(context.Background())
	leave()
	if _, err := idle.get(gone, "b"); !errors.Is(err, context.Canceled) {
		t.Errorf("another tenant gets %v", err)
	}
}

// Whatever happens in whatever order: no tenant holds more than its share, and
// nobody waits while a worker is free for them.
func TestIdleProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.IntRange(1, 3).Draw(t, "share")
		idle := newIdle(1000, share)
		for range rapid.IntRange(1, 4).Draw(t, "workers") {
			idle.put(&process{})
		}
		held := map[string][]*process{}
		turns := map[string][]chan *process{}
		collect := func() {
			for tenant, list := range turns {
				var still []chan *process
				for _, turn := range list {
					select {
					case p := <-turn:
						held[tenant] = append(held[tenant], p)
					default:
						still = append(still, turn)
					}
				}
				turns[tenant] = still
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			tenant := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "tenant")
			if n := len(held[tenant]); n > 0 && rapid.Bool().Draw(t, "give back") {
				p := held[tenant][n-1]
				held[tenant] = held[tenant][:n-1]
				idle.put(p)
			} else {
				idle.mu.Lock()
				turns[tenant] = append(turns[tenant], idle.join(idle.queue(tenant)))
				idle.serve()
				idle.mu.Unlock()
			}
			collect()
			for tenant, list := range turns {
				if len(held[tenant]) > share {
					t.Fatalf("%s holds %d", tenant, len(held[tenant]))
				}
				if len(list) > 0 && len(held[tenant]) < share && len(idle.workers) > 0 {
					t.Fatalf("%s waits though a worker is free", tenant)
				}
			}
		}
	})
}

func TestCheck(t *testing.T) {
	t.Parallel()
	pool := startPool(t, testConfig(t, 1))
	for source, want := range map[string]string{
		"function run() {}":   "",
		"function other() {}": `function not found: the script defines no "run", but other`,
		"function run( {}":    "SyntaxError: SyntaxError: (anonymous): Line 1:17 Unexpected end of input",
	} {
		warnings, err := pool.Check(context.Background(), "t", "run", source)
		if err != nil || len(warnings) != min(len(want), 1) || want != "" && !strings.HasPrefix(warnings[0].Message, want) {
			t.Errorf("%s gives %v, %v", source, warnings, err)
		}
	}
	t.Run("WhatIsTooMuchIsAWarning", func(t *testing.T) {
		for _, a := range greedy {
			if a.name != "DeeplyNestedSource" && a.name != "DeeplyNestedTypes" {
				continue
			}
			warnings, err := pool.Check(context.Background(), "t", "run", a.source)
			if err != nil || len(warnings) == 0 {
				t.Errorf("%s gives %v, %v", a.name, warnings, err)
			}
			awaitReady(t, pool)
		}
	})
	t.Run("CallerLeaves", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := pool.Check(ctx, "t", "run", "function run() {}"); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
	})
	assertHealthy(t, pool)
}

// The state of a flow goes through workers as it came.
func TestInvokeFlowOfSeveral(t *testing.T) {
	t.Parallel()
	pool := startPool(t, testConfig(t, 1))
	req := request(`function run(ctx, api) { api.v1.claims.setClaim("n" + Object.keys(ctx.v1.claims).length, require("actionplane/secrets").get("s")) }`)
	req.Style, req.Trigger = invocation.StyleFlow, invocation.Trigger{Flow: 2, Type: 4}
	req.Input, req.Secrets = []byte(`{"v1":{"claims":{}}}`), invocation.Secrets{"s": "v"}
	for range 3 {
		res := invoke(t, pool, req)
		if res.Error != nil {
			t.Fatal(res.Error)
		}
		req.Changes = res.Changes
	}
	if string(req.Changes) != `{"claims":{"n0":"v","n1":"v","n2":"v"}}` {
		t.Errorf("changes are %s", req.Changes)
	}
}

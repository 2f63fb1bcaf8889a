package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/program"
)

// gate is an HTTP server that scripts may reach, and that keeps them waiting:
// the one way to know from outside that a script is under way.
type gate struct {
	url     string
	arrived chan struct{}
	open    chan struct{}
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{arrived: make(chan struct{}, 16), open: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		g.arrived <- struct{}{}
		select {
		case <-g.open:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

func (g *gate) request() invocation.Request {
	req := request(fmt.Sprintf(`function run() { require("zitadel/http").fetch(%q); return {through: true} }`, g.url))
	req.AllowHTTP = true
	return req
}

func openConfig(t *testing.T, size int) Config {
	cfg := testConfig(t, size)
	allow, err := egress.ParseAllow("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Settings.Egress.Allow = allow
	return cfg
}

func TestInvoke(t *testing.T) {
	t.Parallel()
	pool := startPool(t, testConfig(t, 1))

	t.Run("CarriesEverythingThere", func(t *testing.T) {
		req := request(`function run(ctx, api) {
			api.v1.claims.setClaim("a", 1);
			api.v1.user.setMetadata("m", {b: [true]});
			require("zitadel/log").warn("careful %d", 7);
		}`)
		req.Style, req.Trigger = invocation.StyleFlow, invocation.Trigger{Flow: 2, Type: 4}
		res := invoke(t, pool, req)
		if res.Error != nil || res.Output != nil || res.Duration <= 0 {
			t.Fatalf("result is %+v", res)
		}
		const want = `{"claims":{"a":1},"metadata":[{"key":"m","value":{"b":[true]},"immediate":true}]}`
		if string(res.Changes) != want {
			t.Errorf("changes are %s", res.Changes)
		}
		if res.CPU < 0 || res.PeakMemory <= 0 {
			t.Errorf("it took %v and %d bytes", res.CPU, res.PeakMemory)
		}
		if len(res.Logs) != 1 || res.Logs[0].Message != "careful 7" || res.Logs[0].Level != slog.LevelWarn {
			t.Errorf("logs are %v", res.Logs)
		}
	})
	t.Run("VetoComesBack", func(t *testing.T) {
		res := invoke(t, pool, request(`function run(ctx, api) { api.deny("no entry", 7); return {lost: 1} }`))
		if res.Veto == nil || *res.Veto != (invocation.Veto{Reason: "no entry", Code: 7}) || res.Output != nil {
			t.Errorf("veto is %+v, output %s", res.Veto, res.Output)
		}
	})
	t.Run("SyntaxErrorHasItsPosition", func(t *testing.T) {
		for range 2 { // the second time it is cached
			res := invoke(t, pool, request("function run() {\n  return ]\n}"))
			if res.Error == nil || res.Error.Kind != invocation.KindSyntax || res.Error.Line != 2 {
				t.Errorf("error is %+v", res.Error)
			}
		}
	})
	t.Run("WrongHashIsRefused", func(t *testing.T) {
		req := request(`function run() {}`)
		req.Hash = invocation.HashOf("something else")
		if res := invoke(t, pool, req); res.Error == nil {
			t.Error("a source that is not what its hash says was run")
		}
		assertHealthy(t, pool)
	})
	t.Run("LargeMessagesFit", func(t *testing.T) {
		req := request(`function run(ctx) { return ctx }`)
		req.Input = json.RawMessage(`{"a":"` + strings.Repeat("x", 4<<20) + `"}`)
		if res := invoke(t, pool, req); string(res.Output) != string(req.Input) {
			t.Errorf("%d bytes came back, %+v", len(res.Output), res.Error)
		}
	})
	t.Run("TooLargeAMessageIsRefusedAndHarmsNobody", func(t *testing.T) {
		req := request(`function run(ctx) { return ctx }`)
		req.Input = json.RawMessage(`"` + strings.Repeat("x", maxFrame) + `"`)
		if _, err := pool.Invoke(context.Background(), req); fault.CodeOf(err) != fault.CodeInvalid {
			t.Errorf("error is %v", err)
		}
		assertHealthy(t, pool)
	})
	t.Run("NothingIsLeftForTheNextInvocation", func(t *testing.T) {
		tamper := request(`function run() {
			Object.prototype.stolen = 1; Array.prototype.map = () => "mine"; JSON.stringify = () => "{}";
			globalThis.left = 1; Promise.prototype.then = null; console.log = null; delete globalThis.require;
			return {}
		}`)
		if res := invoke(t, pool, tamper); res.Error != nil {
			t.Fatal(res.Error)
		}
		look := request(`function run() {
			require("zitadel/log").log("x"); console.log("y");
			return { a: typeof {}.stolen, b: [1].map(x => x + 1), c: typeof left, d: JSON.stringify([1]), e: typeof Promise.resolve().then }
		}`)
		const want = `{"a":"undefined","b":[2],"c":"undefined","d":"[1]","e":"function"}`
		if res := invoke(t, pool, look); string(res.Output) != want {
			t.Errorf("the next invocation sees %s, %v", res.Output, res.Error)
		}
	})
	t.Run("CallersDeadlineIsATimeout", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		defer cancel()
		res, err := pool.Invoke(ctx, request(`function run() { for (;;); }`))
		if err != nil || !errors.Is(res.Error, &invocation.Error{Kind: invocation.KindTimeout}) {
			t.Errorf("result is %+v, error %v", res.Error, err)
		}
		assertHealthy(t, pool)
	})
}

func TestInvokeSendsTheSourceAgainWhenAWorkerHasLetGoOfIt(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t, 1)
	cfg.Settings.Programs = program.Config{MaxBytes: 8 << 10}
	pool := startPool(t, cfg)
	for round := range 3 {
		for i := range 40 {
			res := invoke(t, pool, request(fmt.Sprintf(`function run() { return {i: %d} } // %s`, i, strings.Repeat("x", 1000))))
			if want := fmt.Sprintf(`{"i":%d}`, i); string(res.Output) != want {
				t.Fatalf("round %d: output is %s, %v; want %s", round, res.Output, res.Error, want)
			}
		}
	}
}

func TestInvokeRunsSideBySide(t *testing.T) {
	t.Parallel()
	cfg := openConfig(t, 3)
	cfg.MaxPerTenant = 3
	pool := startPool(t, cfg)
	g := newGate(t)
	var running sync.WaitGroup
	var through atomic.Int32
	for range 3 {
		running.Go(func() {
			if res, err := pool.Invoke(context.Background(), g.request()); err == nil && res.Error == nil {
				through.Add(1)
			}
		})
	}
	for range 3 {
		<-g.arrived // all three at once
	}
	close(g.open)
	running.Wait()
	if through.Load() != 3 {
		t.Errorf("%d of 3 came through", through.Load())
	}
}

func TestInvokeWorkerKilledFromOutside(t *testing.T) {
	t.Parallel()
	pool := startPool(t, openConfig(t, 2))
	g := newGate(t)
	victims := make(chan invocation.Result, 1)
	go func() {
		res, err := pool.Invoke(context.Background(), g.request())
		if err != nil {
			t.Errorf("invoke: %v", err)
		}
		victims <- res
	}()
	<-g.arrived
	// The idle worker is the one that is not under way.
	pool.idle.mu.Lock()
	bystander := pool.idle.workers[0].cmd.Process.Pid
	pool.idle.mu.Unlock()
	for _, pid := range workers(pool) {
		if pid != bystander {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
	if res := <-victims; !errors.Is(res.Error, &invocation.Error{Kind: invocation.KindCrash}) {
		t.Errorf("error is %+v", res.Error)
	}
	assertHealthy(t, pool)
	awaitReady(t, pool)
	assertHealthy(t, pool)
}

func TestInvokeCanceled(t *testing.T) {
	t.Parallel()
	pool := startPool(t, openConfig(t, 1))
	g := newGate(t)
	ctx, cancel := context.WithCancel(context.Background())
	failures := make(chan error, 1)
	go func() {
		_, err := pool.Invoke(ctx, g.request())
		failures <- err
	}()
	<-g.arrived
	before := workers(pool)
	cancel()
	if err := <-failures; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	assertHealthy(t, pool)
	if !slices.Equal(before, workers(pool)) {
		t.Error("a worker that obeyed was replaced")
	}
}

func TestInvokeQueue(t *testing.T) {
	t.Parallel()
	cfg := openConfig(t, 1)
	cfg.MaxQueue = 1
	pool := startPool(t, cfg)
	g := newGate(t)
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { _, _ = pool.Invoke(context.Background(), g.request()) })
	<-g.arrived

	ctx, cancel := context.WithCancel(context.Background())
	waited := make(chan error, 1)
	go func() {
		_, err := pool.Invoke(ctx, request(`function run() {}`))
		for fault.CodeOf(err) == fault.CodeExhausted { // the one below was in its place
			_, err = pool.Invoke(ctx, request(`function run() {}`))
		}
		waited <- err
	}()
	// Until that one waits there is room, and this one takes and leaves it.
	hasty, leave := context.WithCancel(context.Background())
	leave()
	for {
		if _, err := pool.Invoke(hasty, request(`function run() {}`)); fault.CodeOf(err) == fault.CodeExhausted {
			break
		}
	}
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Errorf("who gives up waiting gets %v", err)
	}
	close(g.open)
}

func TestRunFinishesWhatItHolds(t *testing.T) {
	t.Parallel()
	pool, err := New(openConfig(t, 2), Deps{Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- pool.Run(ctx) }()
	awaitReady(t, pool)
	g := newGate(t)
	results := make(chan invocation.Result, 1)
	go func() {
		res, err := pool.Invoke(context.Background(), g.request())
		if err != nil {
			t.Errorf("invoke: %v", err)
		}
		results <- res
	}()
	<-g.arrived
	// Two workers never are three, so this returns when the pool stops.
	stopping := make(chan error, 1)
	go func() { stopping <- pool.idle.await(context.Background(), 3) }()
	cancel()
	if err := <-stopping; fault.CodeOf(err) != fault.CodeUnavailable {
		t.Fatalf("await: %v", err)
	}
	if _, err := pool.Invoke(context.Background(), request(`function run() {}`)); fault.CodeOf(err) != fault.CodeUnavailable {
		t.Errorf("a stopping pool answers %v", err)
	}
	close(g.open)
	if res := <-results; string(res.Output) != `{"through":true}` {
		t.Errorf("what ran came to %s, %v", res.Output, res.Error)
	}
	if err := <-ran; err != nil {
		t.Errorf("run: %v", err)
	}
}

func TestRunGoesOnTryingWhenWorkersDoNotStart(t *testing.T) {
	t.Parallel()
	pool, err := New(Config{Command: []string{"/nonexistent/worker"}, Size: 1}, Deps{Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- pool.Run(ctx) }()
	if _, err := pool.Invoke(ctx, request(`function run() {}`)); !errors.Is(err, context.DeadlineExceeded) && fault.CodeOf(err) != fault.CodeUnavailable {
		t.Errorf("error is %v", err)
	}
	if err := <-ran; err != nil {
		t.Errorf("run: %v", err)
	}
}

func TestConfigNamesEveryProblem(t *testing.T) {
	t.Parallel()
	err := Config{Size: -1, Settings: Settings{MaxMemory: 1}}.Validate()
	for _, want := range []string{"command", "size", "memory"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name the %s", err, want)
		}
	}
}

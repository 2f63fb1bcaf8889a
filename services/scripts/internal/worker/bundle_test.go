package worker

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// testConfig is a pool of this binary's workers.
func testConfig(tb testing.TB, size int) Config {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	return Config{
		Command: []string{self}, Env: []string{workerEnv + "=1"}, Size: size,
		StartTimeout: time.Minute, Settings: Settings{MaxMemory: 64 << 20},
	}
}

// startPool runs a pool until the test ends, and waits until it is ready.
func startPool(tb testing.TB, cfg Config) *Pool {
	tb.Helper()
	pool, err := New(cfg, Deps{Log: discard()})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := pool.Run(ctx); err != nil {
			tb.Errorf("run: %v", err)
		}
	})
	tb.Cleanup(func() {
		cancel()
		running.Wait()
	})
	awaitReady(tb, pool)
	return pool
}

func awaitReady(tb testing.TB, pool *Pool) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := pool.Ready(ctx); err != nil {
		tb.Fatalf("workers are not ready: %v", err)
	}
}

// request calls "run" of source as a target.
func request(source string) invocation.Request {
	return invocation.Request{
		ActionID: "1", Name: "run", Source: source, Style: invocation.StyleTarget,
		Input: json.RawMessage(`{"request":{"n":1}}`), Timeout: 10 * time.Second,
	}
}

func invoke(tb testing.TB, pool *Pool, req invocation.Request) invocation.Result {
	tb.Helper()
	res, err := pool.Invoke(context.Background(), req)
	if err != nil {
		tb.Fatalf("invoke: %v", err)
	}
	return res
}

// assertHealthy runs a script that must work.
func assertHealthy(tb testing.TB, pool *Pool) {
	tb.Helper()
	res := invoke(tb, pool, request(`function run(ctx) { return {n: ctx.request.n + 1} }`))
	if res.Error != nil || string(res.Output) != `{"n":2}` {
		tb.Fatalf("a good script gives %s and error %v", res.Output, res.Error)
	}
}

// workers returns the process ids of a pool's workers.
func workers(pool *Pool) []int {
	pool.idle.mu.Lock()
	defer pool.idle.mu.Unlock()
	var pids []int
	for _, p := range pool.idle.alive {
		pids = append(pids, p.cmd.Process.Pid)
	}
	return pids
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

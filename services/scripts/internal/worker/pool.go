package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// Deps is what a pool is handed.
type Deps struct {
	Log *slog.Logger
	// Restarted, unless nil, is told of every worker that is replaced.
	Restarted func(Reason)
}

// Pool keeps worker processes and has them run invocations.
type Pool struct {
	cfg       Config
	log       *slog.Logger
	idle      *idle
	restarted func(Reason)
}

// New returns a pool without workers: those come with Run.
func New(cfg Config, deps Deps) (*Pool, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Log == nil {
		return nil, errors.New("worker: no logger")
	}
	if deps.Restarted == nil {
		deps.Restarted = func(Reason) {}
	}
	cfg = cfg.withDefaults()
	return &Pool{cfg: cfg, log: deps.Log, restarted: deps.Restarted, idle: newIdle(cfg.MaxQueue, cfg.MaxPerTenant)}, nil
}

// Run keeps Size workers alive until ctx is canceled. Then nothing new is taken,
// what runs is finished, and when the last worker has ended Run returns nil. A
// pool runs once.
func (p *Pool) Run(ctx context.Context) error {
	var slots sync.WaitGroup
	for range p.cfg.Size {
		slots.Go(func() { p.keep(ctx) })
	}
	<-ctx.Done()
	p.idle.close()
	slots.Wait()
	return nil
}

// Ready blocks until all workers are there.
func (p *Pool) Ready(ctx context.Context) error { return p.idle.await(ctx, p.cfg.Size) }

// keep keeps one worker alive: starts it, waits for its end, starts the next.
// A worker that does not start is tried again, ever less often.
func (p *Pool) keep(ctx context.Context) {
	const first, longest = 100 * time.Millisecond, 5 * time.Second
	pause := first
	for !p.idle.isClosed() {
		w, err := start(p.cfg, p.log)
		if err != nil {
			p.log.ErrorContext(ctx, "scripts.worker.start", "error", err, "retry_in", pause)
			p.restarted(NotStarted)
			if !sleep(ctx, pause) {
				return
			}
			pause = min(2*pause, longest)
			continue
		}
		pause = first
		p.idle.welcome(w)
		err = w.wait()
		p.idle.remove(w)
		if err != nil {
			p.log.WarnContext(ctx, "scripts.worker.died", "reason", w.reason(), "state", err.Error())
			p.restarted(w.reason())
		}
	}
}

// sleep waits for d and reports whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// maxSends is how many workers an invocation may meet dead before it has begun.
const maxSends = 3

// Invoke has a worker run one call. A script that fails, overruns its time or
// takes its worker down is a Result with Error set. The error is for everything
// else: ctx ended before there was a result to be had (its own error),
// too many wait (fault.CodeExhausted), the pool is stopping or its workers die
// (fault.CodeUnavailable).
//
// ctx bounds the whole call; the worker is told what is left of it. The caller
// must not touch req.Input until Invoke returns.
func (p *Pool) Invoke(ctx context.Context, req invocation.Request) (invocation.Result, error) {
	if req.Hash == (invocation.Hash{}) {
		req.Hash = invocation.HashOf(req.Source)
	}
	for range maxSends {
		w, err := p.idle.get(ctx, req.Tenant)
		if err != nil {
			return invocation.Result{}, fmt.Errorf("wait for a script worker: %w", err)
		}
		res, err := p.use(ctx, w, req)
		if unsent := (*sendError)(nil); !errors.As(err, &unsent) {
			return res, err
		}
		if err := ctx.Err(); err != nil {
			return invocation.Result{}, fmt.Errorf("run script: %w", err)
		}
	}
	return invocation.Result{}, errDying
}

var errDying = fault.Unavailable("script workers die before they begin")

// use runs the invocation on w, and puts w back or ends it.
func (p *Pool) use(ctx context.Context, w *process, req invocation.Request) (invocation.Result, error) {
	begin := time.Now()
	if deadline, ok := ctx.Deadline(); ok {
		req.Budget = max(deadline.Sub(begin), 1)
	}
	ctx, span := beginUse(ctx, w)
	res, err := w.exchange(ctx, &req, longest(&req), p.cfg.Grace)
	defer func() { endUse(ctx, span, res) }()
	switch {
	case err == nil:
		p.idle.put(w)
	case errors.Is(err, errFrameTooLarge):
		// Nothing was written, so the worker is as good as before.
		p.idle.put(w)
		return invocation.Result{}, fault.Invalid("script and input are larger than %d bytes", maxFrame)
	default:
		p.end(w)
		if unsent := (*sendError)(nil); errors.As(err, &unsent) {
			return invocation.Result{}, err
		}
		res = &invocation.Result{
			Changes: req.Changes, Duration: time.Since(begin), CPU: w.lastTook(), Error: p.postMortem(w, err),
		}
		if res.Error.Kind == invocation.KindMemory {
			res.PeakMemory = p.cfg.Settings.MaxMemory
		}
	}
	return settle(ctx, *res)
}

// end kills a worker and forgets it.
func (p *Pool) end(w *process) {
	w.kill()
	<-w.exited
	p.idle.remove(w) // now, so that Ready is right when Invoke returns
}

// longest is how long an invocation may take in all.
func longest(req *invocation.Request) time.Duration {
	timeout := req.EffectiveTimeout()
	total := timeout + min(timeout, 5*time.Second)
	if req.Budget > 0 {
		total = min(total, req.Budget)
	}
	return total
}

// postMortem says why a worker had to die, or did.
func (p *Pool) postMortem(w *process, err error) *invocation.Error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &invocation.Error{
			Kind: invocation.KindTimeout, Message: "interrupt: the script did not stop and its worker was killed",
		}
	}
	memory, stack := w.stderr.reason()
	switch {
	case memory || w.cmd.ProcessState.ExitCode() == exitMemory:
		return &invocation.Error{
			Kind:    invocation.KindMemory,
			Message: fmt.Sprintf("the script used more than %d MiB of memory", p.cfg.Settings.MaxMemory>>20),
		}
	case stack:
		return &invocation.Error{Kind: invocation.KindStack, Message: "RangeError: Maximum call stack size exceeded"}
	case ended(err):
		return &invocation.Error{Kind: invocation.KindCrash, Message: "the script's worker died: " + w.cmd.ProcessState.String()}
	}
	return &invocation.Error{Kind: invocation.KindCrash, Message: "the script's worker failed: " + err.Error()}
}

// settle tells a caller that left from a caller whose time was over.
func settle(ctx context.Context, res invocation.Result) (invocation.Result, error) {
	err := ctx.Err()
	if res.Error == nil || err == nil {
		return res, nil
	}
	if kind := res.Error.Kind; kind != invocation.KindCanceled && kind != invocation.KindTimeout {
		return res, nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		res.Error.Kind = invocation.KindTimeout
		return res, nil
	}
	return invocation.Result{}, fmt.Errorf("run script: %w", err)
}

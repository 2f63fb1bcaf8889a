package sandbox

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/hostapi"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/loop"
	"github.com/actionplane/actionplane/services/scripts/internal/payload"
	"github.com/actionplane/actionplane/services/scripts/internal/program"
)

// maxScriptPhase bounds the run of the script's top level (actions-v1 3.3).
const maxScriptPhase = 5 * time.Second

// Config bounds an invocation. Zero fields take their default.
type Config struct {
	MaxCallDepth int // nested calls; default 4,096
	MaxOutput    int // bytes of the payload, and of all changes; default 8 MiB
	MaxChanges   int // default 1,000
}

func (c Config) withDefaults() Config {
	c.MaxCallDepth = cmp.Or(c.MaxCallDepth, 4096)
	c.MaxOutput = cmp.Or(c.MaxOutput, 8<<20)
	c.MaxChanges = cmp.Or(c.MaxChanges, 1000)
	return c
}

// Deps is what a sandbox is handed.
type Deps struct {
	Host *hostapi.Host
}

// Sandbox runs invocations. It may be used by several goroutines.
type Sandbox struct {
	cfg  Config
	host *hostapi.Host
}

// New returns a sandbox.
func New(cfg Config, deps Deps) (*Sandbox, error) {
	if deps.Host == nil {
		return nil, errors.New("sandbox: no host")
	}
	return &Sandbox{cfg: cfg.withDefaults(), host: deps.Host}, nil
}

// Run makes one call. It ends when the script does, when the request's time is
// over, or when ctx is canceled; whatever the script did is in the result.
// req.Input must not change until Run returns.
func (s *Sandbox) Run(ctx context.Context, p *program.Program, req *invocation.Request) invocation.Result {
	start := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := s.newCall(ctx, req, p, start)
	var res invocation.Result
	if err := c.run(ctx, &res); err != nil {
		res.Output = nil
		res.Error = c.overdue(ctx, c.failure(err))
	}
	// Before cancel, which would leave a goroutine with the VM in its hands
	// while the worker collects garbage.
	c.limit.end()
	cancel() // ends what is still under way
	c.loop.Wait()
	if c.session != nil {
		res.Calls = c.session.Calls()
	}
	res.Logs, res.LogsTruncated = c.logs.Entries(), c.logs.Truncated()
	res.Duration = time.Since(start)
	return res
}

func (s *Sandbox) newCall(ctx context.Context, req *invocation.Request, p *program.Program, start time.Time) *call {
	vm := goja.New()
	vm.SetMaxCallStackSize(s.cfg.MaxCallDepth)
	vm.SetParserOptions(program.ParserOptions()...)
	mask := hostapi.NewMask(req.Secrets)
	c := &call{
		Sandbox: s,
		vm:      vm,
		req:     req,
		program: p,
		doc:     payload.New(vm),
		mask:    mask,
		logs:    s.host.NewLogBook(mask),
		loop:    loop.New(),
		limit:   newLimit(ctx, vm, start, req.Budget),
	}
	vm.SetPromiseRejectionTracker(c.unhandled.track)
	return c
}

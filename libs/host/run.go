package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/health"
	"github.com/actionplane/actionplane/libs/telemetry"
)

// process is one running process.
type process struct {
	config    Config
	settings  Settings
	telemetry *telemetry.Telemetry
	health    *health.Checks
	starting  atomic.Int64 // units that are not prepared yet
}

// Run runs the units until ctx is done or one of them fails, and drains. It
// returns nil after an orderly stop.
func Run(ctx context.Context, name string, settings Settings, units ...Unit) error {
	p, builds, err := prepare(ctx, name, settings, units)
	if err != nil {
		return err
	}
	defer p.shutdownTelemetry(ctx)
	stopOps, err := p.serveOps(ctx)
	if err != nil {
		return err
	}
	defer stopOps()

	runCtx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	runners, closeAll, err := p.build(runCtx, units, builds)
	defer closeAll()
	if err != nil && ctx.Err() != nil {
		return nil // told to stop while still starting: an orderly stop too
	}
	if err != nil {
		return err
	}
	return p.run(runCtx, stop, units, runners)
}

// prepare reads every configuration before anything is opened.
func prepare(ctx context.Context, name string, settings Settings, units []Unit) (*process, []func(Deps) (Runner, error), error) {
	cfg, err := config.Load(DefaultConfig(), settings.Lookup)
	problems := []error{err}
	builds := make([]func(Deps) (Runner, error), len(units))
	for i, u := range units {
		builds[i], err = u.load(settings.Lookup)
		problems = append(problems, err)
	}
	problems = append(problems, cfg.missing(settings, units))
	if err := errors.Join(problems...); err != nil {
		return nil, nil, Misconfigured(err)
	}
	cfg.collect(settings.Lookup)
	cfg.Telemetry.Service = name
	tel, err := telemetry.Start(ctx, cfg.Telemetry)
	if err != nil {
		return nil, nil, err
	}
	adopt(tel.Logger("host"))
	warnOfUnknown(tel.Logger("host"), settings, units)
	p := &process{config: cfg, settings: settings, telemetry: tel, health: health.New(tel.Logger(name))}
	p.starting.Store(int64(len(units)))
	p.health.Add("start", p.isStarted)
	return p, builds, nil
}

// warnOfUnknown logs variables that somebody has set and nobody reads: most are
// misspelt.
func warnOfUnknown(log *slog.Logger, settings Settings, units []Unit) {
	c := Configuration{Lookup: settings.Lookup, Environ: settings.Environ, Units: units}
	known, _ := c.effective() // the problems have been told
	for _, u := range c.misspelt(known) {
		log.Warn("host.unknown_variable", "name", u.Name, "suggestion", u.Suggestion)
	}
}

// isStarted keeps the process from being ready before its units are built, and
// have named their own checks, and before all of them are prepared: a rolling
// update takes an old replica away as soon as a new one is ready.
func (p *process) isStarted(context.Context) error {
	if p.starting.Load() > 0 {
		return fault.Unavailable("the services are starting")
	}
	return nil
}

// build opens what the units need and constructs them, all at once: they wait
// for stores, not for each other.
func (p *process) build(ctx context.Context, units []Unit, builds []func(Deps) (Runner, error)) ([]Runner, func(), error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.config.StartTimeout, fmt.Errorf("not up within %s", p.config.StartTimeout))
	defer cancel()
	runners := make([]Runner, len(units))
	closers := make([]func(), len(units))
	problems := make([]error, len(units))
	var wg sync.WaitGroup
	for i, u := range units {
		wg.Go(func() {
			deps, closeUnit, err := p.open(ctx, u)
			closers[i] = closeUnit
			if err == nil {
				runners[i], err = builds[i](deps)
			}
			problems[i] = err
		})
	}
	wg.Wait()
	return runners, func() {
		for _, c := range closers {
			c()
		}
	}, joined(units, problems)
}

// joined returns what kept units from being built: one line for each trouble,
// however many have it.
func joined(units []Unit, problems []error) error {
	var order []string
	names, first := map[string][]string{}, map[string]error{}
	for i, err := range problems {
		if err == nil {
			continue
		}
		text := err.Error()
		if first[text] == nil {
			first[text], order = err, append(order, text)
		}
		names[text] = append(names[text], units[i].name)
	}
	lines := make([]error, len(order))
	for i, text := range order {
		lines[i] = fmt.Errorf("%s: %w", strings.Join(names[text], ", "), first[text])
	}
	return errors.Join(lines...)
}

// run runs what was built. The first failure stops the rest.
func (p *process) run(ctx context.Context, stop context.CancelCauseFunc, units []Unit, runners []Runner) error {
	failures := make([]error, len(runners))
	var wg sync.WaitGroup
	for i, r := range runners {
		wg.Go(func() {
			err := r.Run(withPrepared(ctx, func() { p.starting.Add(-1) }))
			switch {
			case err != nil:
				failures[i] = fmt.Errorf("%s: %w", units[i].name, err)
				stop(failures[i])
			case ctx.Err() == nil:
				failures[i] = fmt.Errorf("%s: ended although nobody stopped it", units[i].name)
				stop(failures[i])
			}
		})
	}
	<-ctx.Done()
	p.health.Drain()
	drained := make(chan struct{})
	go func() { wg.Wait(); close(drained) }()
	select {
	case <-drained:
		return errors.Join(failures...)
	case <-time.After(p.config.DrainTimeout):
		return fmt.Errorf("still busy %s after being told to stop", p.config.DrainTimeout)
	}
}

// serveOps serves health and metrics on their own listener.
func (p *process) serveOps(ctx context.Context) (stop func(), err error) {
	if p.config.OpsAddr == "off" {
		return func() {}, nil
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", p.config.OpsAddr)
	if err != nil {
		return nil, fmt.Errorf("ACTIONPLANE_OPS_ADDR: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", p.health)
	mux.Handle("/metrics", p.telemetry.MetricsHandler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	p.telemetry.Logger("host").Info("host.ops", "addr", listener.Addr().String())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.telemetry.Logger("host").Error("host.ops", "error", err)
		}
	}()
	return func() {
		if err := server.Close(); err != nil {
			p.telemetry.Logger("host").Warn("host.ops", "error", err)
		}
		<-done
	}, nil
}

func (p *process) shutdownTelemetry(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := p.telemetry.Shutdown(ctx); err != nil {
		p.telemetry.Logger("host").Warn("host.telemetry", "error", err)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/actionplane/actionplane/libs/pg/pgserver"
)

// startTimeout bounds the whole start, without a download of Postgres or an
// installation of Redis.
const startTimeout = 2 * time.Minute

// fleet is everything that runs.
type fleet struct {
	cfg     config
	secrets secrets

	database          func(ctx context.Context, service string) (string, error)
	redisURL, natsURL string

	mu       sync.Mutex
	replicas []*replica
	servers  []*replica
	nodes    []*replica // those of the servers that are NATS
	postgres *pgserver.Server
	ending   bool // nothing is started any more

	stops []func() error // in the order of the starts
	work  sync.WaitGroup
	fail  context.CancelCauseFunc // ends everything; only the first failure is told
}

// up brings everything up, tells where it is, and takes it down again when ctx
// ends or a child does.
func up(ctx context.Context, cfg config, out io.Writer) (err error) {
	release, err := claim(cfg.dir)
	if err != nil {
		return err
	}
	running, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	f := &fleet{cfg: cfg, fail: fail}
	f.onStop(release)
	defer func() { err = errors.Join(err, f.stop()) }()
	if f.secrets, err = keepSecrets(cfg); err != nil {
		return err
	}
	if err := f.start(running); err != nil {
		fail(err)
	} else {
		f.print(out)
	}
	<-running.Done()
	if ctx.Err() != nil {
		return nil // told to stop
	}
	return context.Cause(running)
}

func (f *fleet) start(ctx context.Context) error {
	for _, sub := range []string{"log", awayDir} {
		if err := os.MkdirAll(filepath.Join(f.cfg.dir, sub), 0o700); err != nil {
			return fmt.Errorf("ACTIONPLANE_DATA_DIR: %w", err)
		}
	}
	for _, start := range []func(context.Context) error{f.startPostgres, f.startRedis} {
		if err := start(ctx); err != nil { // bounded by themselves
			return err
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not up within %s", startTimeout))
	defer cancel()
	if err := f.startNATS(ctx); err != nil {
		return err
	}
	if err := f.startServices(ctx); err != nil {
		return err
	}
	f.onStop(func() error { return os.Remove(f.pidsFile()) })
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writeSummary()
}

func (f *fleet) onStop(stop func() error) { f.stops = append(f.stops, stop) }

// stop stops what was started, the last first, and waits.
func (f *fleet) stop() error {
	f.mu.Lock() // waits for a restart under way
	f.ending = true
	f.mu.Unlock()
	var problems []error
	for _, stop := range slices.Backward(f.stops) {
		problems = append(problems, stop())
	}
	f.work.Wait()
	return errors.Join(problems...)
}

func (f *fleet) isEnding() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ending
}

// startChild starts a child with a new log.
func (f *fleet) startChild(c command) (*child, error) {
	c.log = filepath.Join(f.cfg.dir, "log", c.name+".log")
	if err := os.Remove(c.log); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	ch, err := start(c)
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w: run `make binaries`", err)
	}
	return ch, err
}

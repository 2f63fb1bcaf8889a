package scripts

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/validation"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
	"github.com/actionplane/actionplane/services/scripts/internal/worker"
)

const (
	// WorkerCommand is the subcommand that makes the running binary a worker.
	WorkerCommand = "script-worker"

	rememberedPrograms = 10_000
	// programTTL bounds how long a program is remembered should a change of it
	// go unheard.
	programTTL = 30 * time.Second
)

// Subcommands returns what a binary that holds this service must offer.
func Subcommands() []host.Subcommand {
	return []host.Subcommand{{Name: WorkerCommand, Run: func(ctx context.Context) error {
		return worker.Serve(ctx, os.Stdin, os.Stdout)
	}}}
}

// Service is the scripts room.
type Service struct {
	log      *slog.Logger
	bus      *bus.Conn
	server   *bus.Server
	pool     *worker.Pool
	actions  *actionsv1.ActionsBusClient
	programs *cache.Local[programKey, *actionsv1.GetProgramResponse]
}

type programKey struct{ tenant, action string }

// New builds the service; its workers come with Run.
func New(cfg Config, deps host.Deps) (*Service, error) {
	rules, err := validation.New()
	if err != nil {
		return nil, err
	}
	workerConfig, err := cfg.workers()
	if err != nil {
		return nil, err
	}
	pool, err := worker.New(workerConfig, worker.Deps{Log: deps.Log})
	if err != nil {
		return nil, err
	}
	s := &Service{
		log: deps.Log, bus: deps.Bus, pool: pool,
		server:   deps.Bus.NewServer(bus.ServerConfig{Validate: rules.Check}),
		actions:  actionsv1.NewActionsBusClient(deps.Bus),
		programs: cache.NewLocal[programKey, *actionsv1.GetProgramResponse](rememberedPrograms, programTTL),
	}
	scriptsv1.RegisterScriptsScriptsServer(s.server, s)
	return s, nil
}

// workers returns the pool's configuration: this binary again, under another
// name.
func (c Config) workers() (worker.Config, error) {
	self, err := os.Executable()
	if err != nil {
		return worker.Config{}, fmt.Errorf("find the running binary: %w", err)
	}
	out := worker.Config{Command: []string{self, WorkerCommand}, Size: c.Workers, Grace: c.Grace}
	if out.Size == 0 {
		out.Size = 2 * runtime.NumCPU() // a script that waits for an answer leaves its CPU to another
	}
	out.Settings.MaxMemory = c.MaxMemory
	out.Settings.Egress.Allow = c.EgressAllow
	return out, nil
}

// Run serves until ctx is done and what was taken is finished.
func (s *Service) Run(ctx context.Context) error {
	defer s.programs.Close()
	if err := s.bus.EnsureStream(ctx, changefeed.Stream()); err != nil {
		return host.Stopped(ctx, err)
	}
	return host.Together(ctx, s.server.Run, s.pool.Run, s.forgetChanged)
}

// forgetChanged drops programs that are no longer what actions has.
func (s *Service) forgetChanged(ctx context.Context) error {
	return changefeed.Follow(ctx, s.bus, func(uint64) { s.programs.Clear() }, func(_ uint64, c *changesv1.Change) {
		if c.GetResource() == "action" {
			s.programs.Delete(programKey{tenant: c.GetTenant(), action: c.GetId()})
		}
	})
}

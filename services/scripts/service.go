package scripts

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/validation"
	flowsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/flows/v1"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/scripts/internal/journal"
	"github.com/actionplane/actionplane/services/scripts/internal/store"
	"github.com/actionplane/actionplane/services/scripts/internal/store/migrations"
	"github.com/actionplane/actionplane/services/scripts/internal/worker"
)

// WorkerCommand is the subcommand that makes the running binary a worker.
const WorkerCommand = "script-worker"

// Subcommands returns what a binary that holds this service must offer.
func Subcommands() []host.Subcommand {
	return []host.Subcommand{{Name: WorkerCommand, Run: func(ctx context.Context, _ []string) error {
		return worker.Serve(ctx, os.Stdin, os.Stdout)
	}}}
}

// Service is the scripts room. Any number may run on the same database and
// bus.
type Service struct {
	cfg      Config
	log      *slog.Logger
	bus      *bus.Conn
	db       *pg.Pool
	server   *bus.Server
	pool     *worker.Pool
	library  *library
	store    *store.Store
	recorder *journal.Recorder
	ids      *ident.Source

	meters *meters
}

// New builds the service; its workers come with Run.
func New(cfg Config, deps host.Deps) (*Service, error) {
	rules, err := validation.New()
	if err != nil {
		return nil, err
	}
	workers, err := cfg.pool()
	if err != nil {
		return nil, err
	}
	m, err := newMeters(deps.Telemetry, deps.Log)
	if err != nil {
		return nil, err
	}
	pool, err := worker.New(workers, worker.Deps{Log: deps.Log, Restarted: func(r worker.Reason) { m.restarts[r].Add(1) }})
	if err != nil {
		return nil, err
	}
	records := store.New(deps.DB)
	s := &Service{
		cfg: cfg, log: deps.Log, bus: deps.Bus, db: deps.DB, pool: pool, meters: m,
		server:  deps.Bus.NewServer(bus.ServerConfig{Validate: rules.Check, Concurrency: cfg.concurrency()}),
		library: newLibrary(deps.Bus, m.lookups),
		store:   records,
		recorder: journal.NewRecorder(journal.Config{
			MaxEntries: cfg.Buffer, MaxBytes: cfg.BufferBytes, MaxBatch: 256, Timeout: 10 * time.Second, Pause: time.Second,
		}, records.Record, deps.Log),
		ids: ident.NewSource(ident.RandomNode()),
	}
	if err := s.observe(deps.Telemetry); err != nil {
		return nil, err
	}
	scriptsv1.RegisterScriptsScriptsServer(s.server, s)
	scriptsv1.RegisterScriptsChecksServer(s.server, s)
	flowsv1.RegisterScriptsFlowsServer(s.server, s)
	actionplanev1.RegisterScriptsInvocationServiceServer(s.server, s)
	return s, nil
}

// pool returns the configuration of the workers: this binary again, under
// another name.
func (c Config) pool() (worker.Config, error) {
	self, err := os.Executable()
	if err != nil {
		return worker.Config{}, fmt.Errorf("find the running binary: %w", err)
	}
	out := worker.Config{
		Command: []string{self, WorkerCommand}, Size: c.workers(), MaxQueue: c.Queue, MaxPerTenant: c.TenantWorkers, Grace: c.Grace,
	}
	out.Settings.MaxMemory = c.MaxMemory
	out.Settings.Egress.Allow = c.EgressAllow
	out.Settings.Host.Logs.MaxEntries, out.Settings.Host.Logs.MaxBytes = c.LogLines, c.LogBytes
	out.Settings.Host.HTTP.MaxCalls, out.Settings.Host.HTTP.MaxBody = c.Calls, c.AnswerLimit
	return out, nil
}

// Run serves until ctx is done and what was taken is finished and recorded.
func (s *Service) Run(ctx context.Context) error {
	defer s.library.close()
	if err := s.prepare(ctx); err != nil {
		return host.Stopped(ctx, err)
	}
	return host.Together(ctx, s.server.Run, s.pool.Run, s.recorder.Run, s.library.follow, s.forgetOld)
}

func (s *Service) prepare(ctx context.Context) error {
	if err := pg.Migrate(ctx, s.db, migrations.FS); err != nil {
		return err
	}
	return s.bus.EnsureStream(ctx, changefeed.Stream())
}

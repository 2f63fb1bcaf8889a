package dispatch

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/validation"
	"github.com/actionplane/actionplane/proto/contract"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	executionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/executions/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/attempt"
	"github.com/actionplane/actionplane/services/dispatch/internal/courier"
	"github.com/actionplane/actionplane/services/dispatch/internal/doorman"
	"github.com/actionplane/actionplane/services/dispatch/internal/gate"
	"github.com/actionplane/actionplane/services/dispatch/internal/hook"
	"github.com/actionplane/actionplane/services/dispatch/internal/horizon"
	"github.com/actionplane/actionplane/services/dispatch/internal/meter"
	"github.com/actionplane/actionplane/services/dispatch/internal/profile"
	"github.com/actionplane/actionplane/services/dispatch/internal/recorder"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/sender"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
	"github.com/actionplane/actionplane/services/dispatch/internal/store/migrations"
	"github.com/actionplane/actionplane/services/dispatch/internal/sweeper"
)

// Service is the dispatch room. Any number may run on the same database and
// bus.
type Service struct {
	cfg      Config
	log      *slog.Logger
	bus      *bus.Conn
	db       *pg.Pool
	server   *bus.Server
	store    *store.Store
	profiles *profile.Book
	sender   *sender.Sender
	hooks    *hook.Runner
	doorman  *doorman.Doorman
	courier  *courier.Courier
	recorder *recorder.Recorder
	sweeper  *sweeper.Sweeper
	gate     *gate.Gate
	replica  string

	executions *executionsv1.ExecutionsBusClient
	waiting    chan struct{} // for chains of kinds that were not at hand
	overtaken  atomic.Uint64 // events
	meters     *meter.Meters
}

// New builds the service and registers its methods.
func New(cfg Config, deps host.Deps) (*Service, error) {
	rules, err := validation.New()
	if err != nil {
		return nil, err
	}
	meters, err := meter.New(deps.Telemetry, deps.Log)
	if err != nil {
		return nil, err
	}
	lookups, err := cache.NewLookups(deps.Telemetry.Meter("dispatch"), "profile", cache.Memory, cache.Owner)
	if err != nil {
		return nil, err
	}
	s := &Service{
		cfg: cfg, log: deps.Log, bus: deps.Bus, db: deps.DB, meters: meters,
		server:     deps.Bus.NewServer(bus.ServerConfig{Validate: rules.Check}),
		gate:       gate.New(cfg.limits()),
		replica:    ident.NewUUID(),
		executions: executionsv1.NewExecutionsBusClient(deps.Bus),
		waiting:    make(chan struct{}, mostWaiting),
		profiles:   profile.NewBook(deps.Bus, lookups),
		sender:     sender.New(sender.Config{Allow: cfg.EgressAllow, MaxBody: cfg.AnswerLimit, Sent: meters.Posted}),
	}
	s.connect(attempt.New(s.profiles, s.sender, deps.Bus, cfg.TraceContext), deps.Telemetry.Tracer(attempt.Scope))
	if err := s.observe(deps.Telemetry); err != nil {
		return nil, err
	}
	dispatchv1.RegisterDispatchDispatchServer(s.server, s)
	actionplanev1.RegisterDispatchRunServiceServer(s.server, s)
	return s, nil
}

// connect builds what makes attempts through maker. Every attempt passes the
// gate.
func (s *Service) connect(maker *attempt.Maker, tracer trace.Tracer) {
	s.store = store.New(s.db, func(lanes []run.Lane) { s.courier.Touch(lanes) })
	s.store.Tell(s.meters.Wrote)
	s.doorman = doorman.New(s.store.KnownEvents)
	book := terms{profiles: s.profiles, defaults: gate.Terms{Policy: s.cfg.Retry, Limits: s.cfg.limits()}}
	s.courier = courier.New(courier.Config{
		First: s.cfg.First, Retries: s.cfg.Retries, Hold: s.cfg.Hold, Lease: s.cfg.Lease,
		Pause: s.cfg.Pause, Poll: s.cfg.Poll, Grace: s.cfg.Grace, Overtake: s.cfg.Overtake,
	}, courier.Deps{
		First:  &gate.Prompt{Gate: s.gate, Book: book, Next: maker, Wait: s.cfg.Hold},
		Caller: &gate.Prompt{Gate: s.gate, Book: book, Next: maker}, Book: book, Gate: s.gate,
		Horizon: horizon.New(backlog{s.bus, contract.EventsStream, contract.EventsConsumer}, backlog{s.bus, contract.RunsStream, runsConsumer}),
		Targets: disabler{targetsv1.NewTargetsBusClient(s.bus)},
		Store:   s.store, IDs: ident.NewSource(ident.RandomNode()), Meters: s.meters, Log: s.log, Tracer: tracer,
	})
	s.recorder = recorder.New(recorder.Config{Buffer: 8192, MaxBatch: 512, Timeout: 10 * time.Second, Pause: s.cfg.Pause},
		s.store.CreateRuns, s.log)
	s.sweeper = sweeper.New(sweeper.Config{Policy: s.cfg.Retention, Every: s.cfg.RetentionPoll, Page: s.cfg.RetentionPage},
		sweeper.Deps{Store: s.store, Events: s.oldest(contract.EventsStream), Runs: s.oldest(contract.RunsStream), Log: s.log})
	s.hooks = hook.NewRunner(&gate.Patient{Gate: s.gate, Book: book, Next: maker}, s.courier, s.bus.MaxPayload()-answerMargin)
}

// mostWaiting is for how many kinds of events a replica waits at once until their
// chains are at hand.
const mostWaiting = 32

// answerMargin is what the answer to a hook holds beside the payload.
const answerMargin = 64 << 10

// Run serves until ctx is done and what was taken is finished.
func (s *Service) Run(ctx context.Context) error {
	defer s.profiles.Close()
	defer s.sender.Close()
	if err := s.prepare(ctx); err != nil {
		if ctx.Err() != nil { // told to stop meanwhile
			return nil
		}
		return err
	}
	return host.Together(ctx, s.server.Run, s.consumeEvents, s.overtake, s.consumeRuns, s.courier.Run, s.recorder.Run, s.profiles.Follow, s.shareCircuits, s.sweeper.Run)
}

// shareCircuits keeps replicas of one mind about targets.
func (s *Service) shareCircuits(ctx context.Context) error {
	s.gate.Follow(ctx, s.store, s.replica, s.cfg.Poll, s.log)
	return nil
}

// prepare brings schema and streams up to date. EVENTS is executions' own, which
// gives it its limits.
func (s *Service) prepare(ctx context.Context) error {
	if err := pg.Migrate(ctx, s.db, migrations.FS); err != nil {
		return err
	}
	for _, stream := range []bus.Stream{changefeed.Stream(), runsStream()} {
		if err := s.bus.EnsureStream(ctx, stream); err != nil {
			return err
		}
	}
	return s.bus.EnsureSomeStream(ctx, bus.EventsStream())
}

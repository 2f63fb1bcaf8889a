package executions

import (
	"context"
	"log/slog"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/validation"
	"github.com/actionplane/actionplane/proto/contract"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	executionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/executions/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	actionv2beta "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2beta"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/executions/internal/resolver"
	"github.com/actionplane/actionplane/services/executions/internal/store"
	"github.com/actionplane/actionplane/services/executions/internal/store/migrations"
)

// settleTimeout bounds how long a change waits until it is in force here.
const settleTimeout = 500 * time.Millisecond

// Service is the executions room.
type Service struct {
	cfg      Config
	log      *slog.Logger
	db       *pg.Pool
	bus      *bus.Conn
	server   *bus.Server
	relay    *outbox.Relay
	door     *approval.Door
	store    *store.Store
	targets  *targetsv1.TargetsBusClient
	epochs   *resolver.Epochs
	resolver *resolver.Resolver
	ids      *ident.Source
}

// New builds the service and registers its methods.
func New(cfg Config, deps host.Deps) (*Service, error) {
	rules, err := validation.New()
	if err != nil {
		return nil, err
	}
	s := &Service{
		cfg: cfg, log: deps.Log, db: deps.DB, bus: deps.Bus,
		server:  deps.Bus.NewServer(bus.ServerConfig{Validate: rules.Check}),
		relay:   outbox.NewRelay(deps.DB, deps.Bus, deps.Log),
		store:   store.New(deps.DB),
		targets: targetsv1.NewTargetsBusClient(deps.Bus),
		epochs:  resolver.NewEpochs(),
		ids:     ident.NewSource(ident.RandomNode()),
	}
	s.door = approval.NewDoor(cfg.Door, approval.Deps{Bus: deps.Bus, Log: deps.Log})
	meters, err := resolver.NewMeters(deps.Telemetry)
	if err != nil {
		return nil, err
	}
	s.resolver = resolver.New(s.store, s.targets, deps.Cache, s.epochs, meters, deps.Log)
	server := s.door.Guard(s.server)
	actionv3alpha.RegisterExecutionsZITADELActionsServer(server, s)
	actionv2.RegisterExecutionsActionServiceServer(server, actionV2{s})
	actionv2beta.RegisterExecutionsActionServiceServer(server, actionV2Beta{actionV2{s}})
	actionplanev1.RegisterExecutionsCatalogServiceServer(server, s)
	actionplanev1.RegisterExecutionsEventServiceServer(server, s)
	executionsv1.RegisterExecutionsExecutionsServer(server, s)
	hooksv1.RegisterExecutionsHooksServer(server, s)
	hooksv1.RegisterExecutionsConditionsServer(server, s)
	return s, nil
}

// Run serves until ctx is done and what was taken is finished.
func (s *Service) Run(ctx context.Context) error {
	defer s.resolver.Close()
	if err := pg.Migrate(ctx, s.db, migrations.FS); err != nil {
		return host.Stopped(ctx, err)
	}
	for _, stream := range []bus.Stream{changefeed.Stream(), approval.Stream(), s.eventStream()} {
		if err := s.bus.EnsureStream(ctx, stream); err != nil {
			return host.Stopped(ctx, err)
		}
	}
	return host.Together(ctx, s.server.Run, s.consumeTargetChanges, s.relay.Run, s.door.Run, s.followChanges)
}

// followChanges keeps the epochs of the resolver.
func (s *Service) followChanges(ctx context.Context) error {
	return changefeed.Follow(ctx, s.bus, s.epochs.Start, func(seq uint64, c *changesv1.Change) {
		switch c.GetResource() {
		case "target", "execution":
			s.epochs.Advance(seq, c.GetTenant())
		case "": // nobody can tell what changed, so everything may have
			s.epochs.AdvanceAll(seq)
		default:
			s.epochs.Pass(seq)
		}
	})
}

// settle waits, for a moment, until a committed change is published and has
// come back here, so that its maker finds it in force. It is in force soon
// afterwards in any case.
func (s *Service) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	s.relay.Kick()
	err := s.relay.Flush(ctx)
	if err == nil {
		var last uint64
		if last, err = s.bus.LastSequence(ctx, contract.ChangesStream); err == nil {
			err = s.epochs.Wait(ctx, last)
		}
	}
	if err != nil {
		s.log.WarnContext(ctx, "executions.settle", "error", err)
	}
}

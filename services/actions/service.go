package actions

import (
	"context"
	"log/slog"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/validation"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// Service is one replica of the service.
type Service struct {
	bus    *bus.Conn
	db     *pg.Pool
	server *bus.Server
	relay  *outbox.Relay
}

// handler serves the calls; each has a file of its own.
type handler struct {
	config Config
	store  *store.Store
	relay  *outbox.Relay
	ids    *ident.Source
	log    *slog.Logger
}

// New returns a service that does nothing until it is run.
func New(cfg Config, deps host.Deps) (*Service, error) {
	validator, err := validation.New()
	if err != nil {
		return nil, err
	}
	relay := outbox.NewRelay(deps.DB, deps.Bus, deps.Log)
	server := deps.Bus.NewServer(bus.ServerConfig{Validate: validator.Check})
	h := &handler{config: cfg, store: store.New(deps.DB), relay: relay, ids: ident.NewSource(ident.RandomNode()), log: deps.Log}
	managementv1.RegisterActionsManagementServiceServer(server, h)
	actionsv1.RegisterActionsActionsServer(server, h)
	return &Service{bus: deps.Bus, db: deps.DB, server: server, relay: relay}, nil
}

// Run migrates the schema, then serves until ctx is done and everything in hand
// is finished. It then returns nil.
func (s *Service) Run(ctx context.Context) error {
	if err := s.prepare(ctx); err != nil {
		return host.Stopped(ctx, err)
	}
	return host.Together(ctx, s.server.Run, s.relay.Run)
}

// prepare brings schema and stream up to date.
func (s *Service) prepare(ctx context.Context) error {
	if err := pg.Migrate(ctx, s.db, store.Migrations); err != nil {
		return err
	}
	return s.bus.EnsureStream(ctx, changefeed.Stream())
}

package actions

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/validation"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/secret"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// Service is one replica of the service.
type Service struct {
	bus    *bus.Conn
	db     *pg.Pool
	store  *store.Store
	box    *secret.Box
	server *bus.Server
	relay  *outbox.Relay
	door   *approval.Door
}

// handler serves the calls; each has a file of its own.
type handler struct {
	config Config
	store  *store.Store
	box    *secret.Box
	checks *scriptsv1.ChecksBusClient
	relay  *outbox.Relay
	door   *approval.Door
	ids    *ident.Source
	log    *slog.Logger
}

// New returns a service that does nothing until it is run.
func New(cfg Config, deps host.Deps) (*Service, error) {
	box, err := secret.NewBox(cfg.MasterKey)
	if err != nil {
		return nil, err
	}
	validator, err := validation.New()
	if err != nil {
		return nil, err
	}
	h := &handler{
		config: cfg,
		store:  store.New(deps.DB),
		box:    box,
		checks: scriptsv1.NewChecksBusClient(deps.Bus),
		relay:  outbox.NewRelay(deps.DB, deps.Bus, deps.Log),
		door:   approval.NewDoor(cfg.Door, approval.Deps{Bus: deps.Bus, Log: deps.Log}),
		ids:    ident.NewSource(ident.RandomNode()),
		log:    deps.Log,
	}
	server := deps.Bus.NewServer(bus.ServerConfig{Validate: validator.Check})
	guarded := h.door.Guard(server)
	managementv1.RegisterActionsManagementServiceServer(guarded, h)
	actionplanev1.RegisterActionsActionServiceServer(guarded, h)
	actionsv1.RegisterActionsActionsServer(guarded, h)
	return &Service{bus: deps.Bus, db: deps.DB, store: h.store, box: box, server: server, relay: h.relay, door: h.door}, nil
}

// Run migrates the schema, then serves until ctx is done and everything in hand
// is finished. It then returns nil.
func (s *Service) Run(ctx context.Context) error {
	if err := s.prepare(ctx); err != nil {
		return host.Stopped(ctx, err)
	}
	return host.Together(ctx, s.server.Run, s.relay.Run, s.door.Run)
}

// prepare brings schema and stream up to date and checks the master key.
func (s *Service) prepare(ctx context.Context) error {
	if err := pg.Migrate(ctx, s.db, store.Migrations); err != nil {
		return err
	}
	for _, stream := range []bus.Stream{changefeed.Stream(), approval.Stream()} {
		if err := s.bus.EnsureStream(ctx, stream); err != nil {
			return err
		}
	}
	foreign, err := s.store.SecretsUnderOtherMaster(ctx, s.box.KeyID())
	if err != nil {
		return err
	}
	if foreign > 0 {
		return fmt.Errorf("%d secrets are encrypted under another ACTIONPLANE_MASTER_KEY than the one that is set", foreign)
	}
	return nil
}

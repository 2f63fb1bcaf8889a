package targets

import (
	"context"
	"fmt"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/validation"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	actionv2beta "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2beta"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/targets/internal/registry"
	"github.com/actionplane/actionplane/services/targets/internal/secret"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/wireown"
	"github.com/actionplane/actionplane/services/targets/internal/wirepeer"
	"github.com/actionplane/actionplane/services/targets/internal/wirev2"
	"github.com/actionplane/actionplane/services/targets/internal/wirev2beta"
	"github.com/actionplane/actionplane/services/targets/internal/wirev3alpha"
)

// Service owns targets. Any number may run on the same database and bus.
type Service struct {
	bus    *bus.Conn
	db     *pg.Pool
	store  *store.Store
	box    *secret.Box
	server *bus.Server
	relay  *outbox.Relay
	door   *approval.Door
}

// New builds the service. It opens and starts nothing.
func New(cfg Config, deps host.Deps) (*Service, error) {
	box, err := secret.NewBox(cfg.MasterKey)
	if err != nil {
		return nil, err
	}
	validator, err := validation.New()
	if err != nil {
		return nil, err
	}
	s := &Service{
		bus:    deps.Bus,
		db:     deps.DB,
		store:  store.New(deps.DB),
		box:    box,
		server: deps.Bus.NewServer(bus.ServerConfig{Validate: validator.Check}),
		relay:  outbox.NewRelay(deps.DB, deps.Bus, deps.Log),
		door:   approval.NewDoor(cfg.Door, approval.Deps{Bus: deps.Bus, Log: deps.Log}),
	}
	s.serve(registry.New(cfg.bounds(), registry.Deps{Log: deps.Log, Store: s.store, Box: box, Relay: s.relay, Door: s.door}))
	return s, nil
}

// serve offers targets on every wire.
func (s *Service) serve(targets *registry.Registry) {
	v2, server := wirev2.New(targets), s.door.Guard(s.server)
	actionv3alpha.RegisterTargetsZITADELActionsServer(server, wirev3alpha.New(targets))
	actionv2.RegisterTargetsActionServiceServer(server, v2)
	actionv2beta.RegisterTargetsActionServiceServer(server, wirev2beta.New(v2))
	actionplanev1.RegisterTargetsTargetServiceServer(server, wireown.New(targets))
	targetsv1.RegisterTargetsTargetsServer(server, wirepeer.New(targets))
}

// Run serves until ctx is done and returns nil once everything in hand is
// finished.
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

package access

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/validation"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/oidc"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// Service is the access service. Any number may run on the same database and
// bus.
type Service struct {
	cfg    Config
	log    *slog.Logger
	bus    *bus.Conn
	db     *pg.Pool
	store  *store.Store
	server *bus.Server
	relay  *outbox.Relay
	door   *approval.Door
}

// handlers answers the calls, one file for each.
type handlers struct {
	cfg      Config
	log      *slog.Logger
	store    *store.Store
	relay    *outbox.Relay
	door     *approval.Door
	verifier *oidc.Verifier
}

// New builds the service. It needs a database.
func New(cfg Config, deps host.Deps) (*Service, error) {
	rules, err := validation.New()
	if err != nil {
		return nil, err
	}
	s := &Service{
		cfg:    cfg,
		log:    deps.Log,
		bus:    deps.Bus,
		db:     deps.DB,
		store:  store.New(deps.DB),
		server: deps.Bus.NewServer(bus.ServerConfig{Validate: rules.Check}),
		relay:  outbox.NewRelay(deps.DB, deps.Bus, deps.Log),
		door:   approval.NewDoor(cfg.Door, approval.Deps{Bus: deps.Bus, Log: deps.Log}),
	}
	s.register(&handlers{cfg: cfg, log: deps.Log, store: s.store, relay: s.relay, door: s.door, verifier: newVerifier(cfg.OIDC, deps.Log)})
	return s, nil
}

func newVerifier(cfg OIDC, log *slog.Logger) *oidc.Verifier {
	web := oidc.NewWeb(egress.NewGuard(cfg.EgressAllow), cfg.AllowHTTP, cfg.FetchTimeout)
	policy := oidc.Policy{KeysTTL: cfg.KeysTTL, KeysMaxAge: cfg.KeysMaxAge, RefreshInterval: cfg.RefreshInterval}
	return oidc.NewVerifier(oidc.NewKeys(web, policy, time.Now, log), time.Now)
}

func (s *Service) register(h *handlers) {
	server := s.door.Guard(s.server)
	accessv1.RegisterAccessAccessServer(server, h)
	actionplanev1.RegisterAccessOrganizationServiceServer(server, h)
	actionplanev1.RegisterAccessPersonServiceServer(server, h)
	actionplanev1.RegisterAccessMemberServiceServer(server, h)
	actionplanev1.RegisterAccessTokenServiceServer(server, h)
	actionplanev1.RegisterAccessIssuerServiceServer(server, h)
}

// Run brings schema and stream up to date, begins the tenant where it is new,
// and serves until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	if err := s.prepare(ctx); err != nil {
		return host.Stopped(ctx, err)
	}
	return host.Together(ctx, s.server.Run, s.relay.Run, s.door.Run)
}

func (s *Service) prepare(ctx context.Context) error {
	if err := pg.Migrate(ctx, s.db, store.Migrations); err != nil {
		return err
	}
	for _, stream := range []bus.Stream{changefeed.Stream(), approval.Stream()} {
		if err := s.bus.EnsureStream(ctx, stream); err != nil {
			return err
		}
	}
	if err := s.begin(ctx); err != nil {
		return fmt.Errorf("begin the tenant: %w", err)
	}
	return nil
}

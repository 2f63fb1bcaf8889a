package approvals

import (
	"context"
	"log/slog"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/validation"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// flushTimeout is how long a change waits for the feed to have it, so that who
// reads through a cache reads what he wrote.
const flushTimeout = 500 * time.Millisecond

// Service is the approvals service.
type Service struct {
	bus    *bus.Conn
	db     *pg.Pool
	relay  *outbox.Relay
	server *bus.Server
}

// handlers answers the calls, one file for each.
type handlers struct {
	cfg    Config
	log    *slog.Logger
	store  *store.Store
	relay  *outbox.Relay
	access *accessv1.AccessBusClient
}

// New builds the service. It needs a database.
func New(cfg Config, deps host.Deps) (*Service, error) {
	rules, err := validation.New()
	if err != nil {
		return nil, err
	}
	s := &Service{
		bus:    deps.Bus,
		db:     deps.DB,
		relay:  outbox.NewRelay(deps.DB, deps.Bus, deps.Log),
		server: deps.Bus.NewServer(bus.ServerConfig{Validate: rules.Check}),
	}
	dynamicv0.RegisterApprovalsOrganizationSettingsServiceServer(s.server, &handlers{
		cfg:    cfg,
		log:    deps.Log,
		store:  store.New(deps.DB),
		relay:  s.relay,
		access: accessv1.NewAccessBusClient(deps.Bus),
	})
	return s, nil
}

// Run brings schema and stream up to date and serves until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	if err := pg.Migrate(ctx, s.db, store.Migrations); err != nil {
		return host.Stopped(ctx, err)
	}
	if err := s.bus.EnsureStream(ctx, changefeed.Stream()); err != nil {
		return host.Stopped(ctx, err)
	}
	return host.Together(ctx, s.server.Run, s.relay.Run)
}

// announce waits for the feed to have what was just committed. Where that
// takes longer, the relay goes on by itself: the change is made either way.
func (h *handlers) announce(ctx context.Context) {
	h.relay.Kick()
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	if err := h.relay.Flush(ctx); err != nil {
		h.log.WarnContext(ctx, "approvals.feed_is_late", "error", err)
	}
}

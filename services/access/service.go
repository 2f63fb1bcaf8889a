package access

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/validation"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// Service is the access service.
type Service struct {
	cfg    Config
	log    *slog.Logger
	db     *pg.Pool
	store  *store.Store
	server *bus.Server
}

// handlers answers the calls, one file for each.
type handlers struct {
	store *store.Store
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
		db:     deps.DB,
		store:  store.New(deps.DB),
		server: deps.Bus.NewServer(bus.ServerConfig{Validate: rules.Check}),
	}
	accessv1.RegisterAccessAccessServer(s.server, &handlers{store: s.store})
	return s, nil
}

// Run brings the schema up to date, begins the tenant where it is new, and
// serves until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	if err := pg.Migrate(ctx, s.db, store.Migrations); err != nil {
		return host.Stopped(ctx, err)
	}
	if err := s.begin(ctx); err != nil {
		return host.Stopped(ctx, fmt.Errorf("begin the tenant: %w", err))
	}
	return host.Together(ctx, s.server.Run)
}

package approvals

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/seal"
	"github.com/actionplane/actionplane/libs/validation"
	"github.com/actionplane/actionplane/proto/contract"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	approvalsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/approvals/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals/internal/mail"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// flushTimeout is how long a change waits for the feed to have it, so that who
// reads through a cache reads what he wrote.
const flushTimeout = 500 * time.Millisecond

// Service is the approvals service.
type Service struct {
	bus      *bus.Conn
	db       *pg.Pool
	relay    *outbox.Relay
	server   *bus.Server
	handlers *handlers
}

// handlers answers the calls, one file for each.
type handlers struct {
	cfg    Config
	log    *slog.Logger
	bus    *bus.Conn
	store  *store.Store
	relay  *outbox.Relay
	access *accessv1.AccessBusClient
	door   *approval.Door
	box    *seal.Box
	mailer *mail.Sender  // nil: no e-mails are sent
	work   chan struct{} // holds a token when there may be something to execute
	tracer trace.Tracer
}

// New builds the service. It needs a database.
func New(cfg Config, deps host.Deps) (*Service, error) {
	rules, err := validation.New()
	if err != nil {
		return nil, err
	}
	box, err := seal.NewBox(cfg.MasterKey, encryption)
	if err != nil {
		return nil, err
	}
	mailer, err := mail.NewSender(cfg.Mail)
	if err != nil {
		return nil, err
	}
	h := &handlers{
		cfg:    cfg,
		log:    deps.Log,
		bus:    deps.Bus,
		store:  store.New(deps.DB, mailer != nil),
		relay:  outbox.NewRelay(deps.DB, deps.Bus, deps.Log),
		access: accessv1.NewAccessBusClient(deps.Bus),
		door:   approval.NewDoor(cfg.Door, approval.Deps{Bus: deps.Bus, Log: deps.Log}),
		box:    box,
		mailer: mailer,
		work:   make(chan struct{}, 1),
		tracer: deps.Telemetry.Tracer("github.com/actionplane/actionplane/services/approvals"),
	}
	if err := h.observe(deps.Telemetry); err != nil {
		return nil, err
	}
	s := &Service{bus: deps.Bus, db: deps.DB, relay: h.relay, handlers: h, server: deps.Bus.NewServer(bus.ServerConfig{Validate: rules.Check})}
	guarded := h.door.Guard(s.server)
	dynamicv0.RegisterApprovalsOrganizationSettingsServiceServer(guarded, h)
	dynamicv0.RegisterApprovalsAdminActionServiceServer(guarded, h)
	actionplanev1.RegisterApprovalsApprovalServiceServer(guarded, h)
	approvalsv1.RegisterApprovalsApprovalsServer(guarded, h)
	return s, nil
}

// Run brings schema and streams up to date and serves until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	if err := pg.Migrate(ctx, s.db, store.Migrations); err != nil {
		return host.Stopped(ctx, err)
	}
	if err := s.ensureStreams(ctx); err != nil {
		return host.Stopped(ctx, err)
	}
	h := s.handlers
	if err := h.checkMasterKey(ctx); err != nil {
		return host.Stopped(ctx, err)
	}
	return host.Together(ctx, s.server.Run, h.recordChanges, h.execute, h.sweep, h.sendNotices, s.relay.Run, h.door.Run)
}

// checkMasterKey refuses to start where requests that may still be executed are
// encrypted under another key.
func (h *handlers) checkMasterKey(ctx context.Context) error {
	foreign, err := h.store.OpenUnderOtherMaster(ctx, h.box.KeyID())
	if err != nil {
		return err
	}
	if foreign > 0 {
		return fmt.Errorf("%d open requests are encrypted under another ACTIONPLANE_MASTER_KEY than the one that is set", foreign)
	}
	return nil
}

// ensureStreams brings the streams up to date that this room publishes to.
// EVENTS is executions' own: it is made only where executions has not been up
// yet, which then gives it its limits. Without it, the outbox would wait, and
// with it the change feed.
func (s *Service) ensureStreams(ctx context.Context) error {
	for _, stream := range []bus.Stream{
		changefeed.Stream(),
		approval.Stream(),
		{Name: contract.AuditHeadsStream, Subjects: []string{contract.AuditHeadSubjects}},
	} {
		if err := s.bus.EnsureStream(ctx, stream); err != nil {
			return err
		}
	}
	return s.bus.EnsureSomeStream(ctx, bus.EventsStream())
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

// mutate is the one way in which a call changes a request. It runs change in a
// transaction, again when that lost a race, and makes it known.
func (h *handlers) mutate(ctx context.Context, change func(context.Context, *store.Tx) error) error {
	if err := h.store.Tx(ctx, change); err != nil {
		return err
	}
	h.wake()
	h.announce(ctx)
	return nil
}

// wake says that there may be something to execute.
func (h *handlers) wake() {
	select {
	case h.work <- struct{}{}:
	default: // the token that is there will do
	}
}

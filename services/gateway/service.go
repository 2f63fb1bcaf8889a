package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/validation"
	"github.com/actionplane/actionplane/services/gateway/internal/certificate"
	"github.com/actionplane/actionplane/services/gateway/internal/edge"
	"github.com/actionplane/actionplane/services/gateway/internal/listen"
	"github.com/actionplane/actionplane/services/gateway/internal/reference"
	"github.com/actionplane/actionplane/services/gateway/internal/rest"
	"github.com/actionplane/actionplane/services/gateway/internal/rpc"
)

// remembered is how many tokens the gateway remembers at once.
const remembered = 10_000

// Service is the gateway.
type Service struct {
	cfg     Config
	log     *slog.Logger
	bus     *bus.Conn
	tls     *tls.Config
	people  *edge.People
	limits  *limits
	rpc     *rpc.Handler
	handler http.Handler

	open     atomic.Bool // the port is
	leaving  atomic.Bool // the process stops
	inFlight atomic.Int64
}

// New builds the gateway. It reads the certificate, and opens nothing else.
func New(cfg Config, deps host.Deps) (*Service, error) {
	tlsConfig, err := loadTLS(cfg, deps.Log)
	if err != nil {
		return nil, err
	}
	rules, err := validation.New()
	if err != nil {
		return nil, err
	}
	lookups, err := cache.NewLookups(deps.Telemetry.Meter("gateway"), "token", cache.Memory, cache.Owner)
	if err != nil {
		return nil, err
	}
	people := edge.NewPeople(deps.Bus, remembered, cfg.AuthTTL, lookups)
	door, err := edge.NewDoor(edge.Deps{People: people, Rules: rules, Forward: deps.Bus, Log: deps.Log, Telemetry: deps.Telemetry})
	if err != nil {
		return nil, err
	}
	restHandler, err := rest.New(context.Background(), cfg.MaxRequest, door)
	if err != nil {
		return nil, err
	}
	docs, err := reference.Handler()
	if err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, log: deps.Log, bus: deps.Bus, tls: tlsConfig, people: people, limits: newLimits(cfg, deps)}
	s.handler = s.routes(deps, restHandler, docs, door)
	deps.Health.Add("gateway.port", s.isOpen)
	return s, nil
}

// isOpen is for those who ask on another port than ours.
func (s *Service) isOpen(context.Context) error {
	if !s.open.Load() {
		return fault.Unavailable("the port is not open")
	}
	return nil
}

func loadTLS(cfg Config, log *slog.Logger) (*tls.Config, error) {
	if cfg.TLSCert == "" {
		return nil, nil //nolint:nilnil // no certificate: no TLS
	}
	files, err := certificate.Open(cfg.TLSCert, cfg.TLSKey, log)
	if err != nil {
		return nil, fmt.Errorf("ACTIONPLANE_TLS_CERT: %w", err)
	}
	return &tls.Config{GetCertificate: files.Get, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}, nil
}

// Run makes sure of the change feed, listens, and serves until ctx is done, then finishes what it holds.
func (s *Service) Run(ctx context.Context) error {
	defer s.people.Close()
	defer s.limits.close()
	// An owner makes it too; on a new bus we may be the first.
	if err := s.bus.EnsureStream(ctx, changefeed.Stream()); err != nil {
		return host.Stopped(ctx, err)
	}
	port, err := listen.New(ctx, listen.Config{Addr: s.cfg.Addr, TLS: s.tls, MaxConnections: s.cfg.MaxConnections, SendGrace: s.cfg.SendGrace})
	if err != nil {
		return fmt.Errorf("ACTIONPLANE_ADDR: %w", err)
	}
	s.open.Store(true)
	defer s.open.Store(false)
	s.log.Info("gateway.listening", "addr", port.Addr().String(), "tls", s.tls != nil)
	http1, http2 := s.newHTTP1(), s.newHTTP2(ctx)
	return host.Together(ctx,
		func(ctx context.Context) error { <-ctx.Done(); s.leave(); return port.Close() }, // which ends both Serves
		func(ctx context.Context) error {
			serving := http1.Listener(port.HTTP1)
			return served(serving, http1.ShutdownWithContext(context.WithoutCancel(ctx)))
		},
		func(ctx context.Context) error {
			serving := http2.Serve(port.HTTP2)
			return served(serving, http2.Shutdown(context.WithoutCancel(ctx)))
		},
		s.limits.Run,
		func(ctx context.Context) error { return host.Stopped(ctx, s.people.Follow(ctx, s.bus)) },
	)
}

// leave goes on serving for a while, with Connection: close behind every answer.
// A client's connection that is closed under it may have a request on its way,
// which is then reset: so it is told first, and has gone when the port closes.
func (s *Service) leave() {
	s.leaving.Store(true)
	<-time.After(s.cfg.LameDuck)
}

// served returns what went wrong while serving, which ends in order when the
// port is closed, and while finishing afterwards.
func served(serving, finishing error) error {
	if errors.Is(serving, net.ErrClosed) || errors.Is(serving, http.ErrServerClosed) {
		serving = nil
	}
	return errors.Join(serving, finishing)
}

package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"github.com/actionplane/actionplane/libs/health"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/validation"
	"github.com/actionplane/actionplane/services/gateway/internal/edge"
	"github.com/actionplane/actionplane/services/gateway/internal/listen"
	"github.com/actionplane/actionplane/services/gateway/internal/rest"
	"github.com/actionplane/actionplane/services/gateway/internal/rpc"
)

// remembered is how many tokens the gateway remembers at once.
const remembered = 10_000

// Service is the gateway.
type Service struct {
	cfg     Config
	log     *slog.Logger
	tls     *tls.Config
	people  *edge.People
	handler http.Handler
}

// New builds the gateway. It reads the certificate, and opens nothing else.
func New(cfg Config, deps host.Deps) (*Service, error) {
	tlsConfig, err := loadTLS(cfg)
	if err != nil {
		return nil, err
	}
	rules, err := validation.New()
	if err != nil {
		return nil, err
	}
	people := edge.NewPeople(deps.Bus, remembered, cfg.AuthTTL)
	door := edge.NewDoor(people, rules, deps.Bus, deps.Log)
	restHandler, err := rest.New(context.Background(), door)
	if err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, log: deps.Log, tls: tlsConfig, people: people}
	s.handler = edge.WithIncoming(s.routes(deps, restHandler, door))
	return s, nil
}

func (s *Service) routes(deps host.Deps, restHandler http.Handler, door *edge.Door) http.Handler {
	rpcHandler := rpc.New(rpc.Config{
		MaxRequest: s.cfg.MaxRequest,
		Ready:      func(ctx context.Context) bool { return deps.Health.Ready(ctx).Ready() },
	}, door)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if isRPC(r.URL.Path) {
			rpcHandler.ServeHTTP(w, r)
			return
		}
		restHandler.ServeHTTP(w, r)
	})
	mux.Handle(health.LivePath, deps.Health)
	mux.Handle(health.ReadyPath, deps.Health)
	if s.cfg.PublicMetrics {
		mux.Handle("/metrics", deps.Telemetry.MetricsHandler())
	}
	return mux
}

// isRPC reports whether path is "/pkg.Service/Method": a first segment with a
// dot. No REST path begins so.
func isRPC(path string) bool {
	service, method, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return ok && strings.Contains(service, ".") && method != ""
}

func loadTLS(cfg Config) (*tls.Config, error) {
	if cfg.TLSCert == "" {
		return nil, nil //nolint:nilnil // no certificate: no TLS
	}
	cert, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("ACTIONPLANE_TLS_CERT: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}, nil
}

// Run listens and serves until ctx is done, then finishes what it holds.
func (s *Service) Run(ctx context.Context) error {
	defer s.people.Close()
	port, err := listen.New(ctx, s.cfg.Addr, s.tls)
	if err != nil {
		return fmt.Errorf("ACTIONPLANE_ADDR: %w", err)
	}
	s.log.Info("gateway.listening", "addr", port.Addr().String(), "tls", s.tls != nil)
	http1, http2 := s.newHTTP1(), s.newHTTP2()
	return host.Together(ctx,
		func(ctx context.Context) error { <-ctx.Done(); return port.Close() }, // first: no new connections
		func(ctx context.Context) error {
			return serveUntil(ctx, func() error { return http1.Listener(port.HTTP1) }, func() error { return http1.ShutdownWithContext(context.WithoutCancel(ctx)) })
		},
		func(ctx context.Context) error {
			return serveUntil(ctx, func() error { return http2.Serve(port.HTTP2) }, func() error { return http2.Shutdown(context.WithoutCancel(ctx)) })
		},
	)
}

// newHTTP1 is Fiber in front of the handler.
func (s *Service) newHTTP1() *fiber.App {
	app := fiber.New(fiber.Config{
		DisableStartupMessage: true,
		BodyLimit:             s.cfg.MaxRequest,
		ReadTimeout:           s.cfg.RequestTimeout,
		IdleTimeout:           2 * s.cfg.RequestTimeout,
		ServerHeader:          "actionplane",
	})
	handle := fasthttpadaptor.NewFastHTTPHandler(detached(s.handler))
	app.Use(func(c *fiber.Ctx) error {
		handle(c.Context())
		return nil
	})
	return app
}

// detached gives requests a context of their own. Fiber's is done as soon as
// the server begins to shut down, which would end what is to be finished, and
// it is reused once the handler has returned.
func detached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.Background())) //nolint:contextcheck // see above
	})
}

// newHTTP2 serves HTTP/2 with prior knowledge: the port has taken off the TLS.
func (s *Service) newHTTP2() *http.Server {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           http.MaxBytesHandler(s.handler, int64(s.cfg.MaxRequest)),
		Protocols:         protocols,
		ReadHeaderTimeout: s.cfg.RequestTimeout,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// serveUntil serves until ctx is done and shutdown has finished.
func serveUntil(ctx context.Context, serve, shutdown func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- serve() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	err := shutdown()
	served := <-ended
	if errors.Is(served, http.ErrServerClosed) || errors.Is(served, net.ErrClosed) {
		served = nil
	}
	return errors.Join(err, served)
}

package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/actionplane/actionplane/libs/fault"
)

// Config says where the bus is.
type Config struct {
	// URL of a NATS server, or several, comma separated.
	URL string
	// InProcess, when set, is a server in this process; URL is not used.
	InProcess nats.InProcessConnProvider
	// Name of the service, shown by the server.
	Name string
	// Replicas of every stream; 0 means 1.
	Replicas int
}

// Deps are what a connection works with; nil fields mean none.
type Deps struct {
	Log     *slog.Logger
	Traces  trace.TracerProvider
	Metrics metric.MeterProvider
}

// Conn is one service's connection. It is safe for concurrent use.
type Conn struct {
	nc       *nats.Conn
	js       jetstream.JetStream
	log      *slog.Logger
	tracer   trace.Tracer
	meters   *meters
	replicas int
	closed   chan struct{}
}

// Connect opens the connection. It retries until ctx is done, for a server
// may start after its clients, and reconnects for ever afterwards.
func Connect(ctx context.Context, cfg Config, deps Deps) (*Conn, error) {
	c := &Conn{log: deps.Log, replicas: max(cfg.Replicas, 1), closed: make(chan struct{})}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if deps.Traces == nil {
		deps.Traces = noop.NewTracerProvider()
	}
	c.tracer = deps.Traces.Tracer(scope)
	var err error
	if c.meters, err = newMeters(deps.Metrics); err != nil {
		return nil, err
	}
	nc, err := c.dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(4096), jetstream.WithPublishAsyncTimeout(asyncAckTimeout))
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("open jetstream: %w", err)
	}
	c.nc, c.js = nc, js
	return c, nil
}

func (c *Conn) dial(ctx context.Context, cfg Config) (*nats.Conn, error) {
	opts := []nats.Option{
		nats.Name(cfg.Name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.DrainTimeout(30 * time.Second),
		nats.ErrorHandler(c.onError),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				c.log.Warn("bus.disconnected", "error", err)
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) { c.log.Info("bus.reconnected", "url", nc.ConnectedUrlRedacted()) }),
		nats.ClosedHandler(func(*nats.Conn) { close(c.closed) }),
	}
	if cfg.InProcess != nil {
		opts = append(opts, nats.InProcessServer(cfg.InProcess))
	}
	for {
		nc, err := nats.Connect(cfg.URL, opts...)
		if err == nil {
			return nc, nil
		}
		select {
		case <-ctx.Done():
			return nil, fault.Unavailable("NATS_URL: no server answers").Because(err)
		case <-time.After(250 * time.Millisecond):
		}
	}
}

func (c *Conn) onError(_ *nats.Conn, sub *nats.Subscription, err error) {
	subject := ""
	if sub != nil {
		subject = sub.Subject
	}
	c.log.Error("bus.error", "subject", subject, "error", err)
}

// Ready reports why the bus cannot be used now; nil when it can.
func (c *Conn) Ready(context.Context) error {
	if !c.nc.IsConnected() {
		return fault.Unavailable("the bus is not connected")
	}
	return nil
}

// Close flushes what was published, stops receiving and closes the
// connection. It returns when that is done or ctx is.
func (c *Conn) Close(ctx context.Context) error {
	if err := c.nc.Drain(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		c.nc.Close()
	}
	select {
	case <-c.closed:
		return nil
	case <-ctx.Done():
		c.nc.Close()
		<-c.closed
		return fmt.Errorf("drain the bus: %w", ctx.Err())
	}
}

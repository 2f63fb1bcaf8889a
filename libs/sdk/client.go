package sdk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/actionplane/actionplane/proto/contract"
)

// DefaultTenant is the tenant that exists from the start.
const DefaultTenant = "00000000-0000-4000-8000-000000000001"

const (
	// defaultTimeout of a call whose context has no deadline.
	defaultTimeout = 10 * time.Second
	// reconnectWindow is how long a call waits for Actionplane to come up.
	reconnectWindow = 3 * time.Second
	retryPause      = 25 * time.Millisecond
)

// Config says where Actionplane is and for whom the service works.
type Config struct {
	// URL of the NATS servers, comma separated; may carry a token.
	URL string
	// Tenant the service works for; "" means DefaultTenant.
	Tenant string
	// Name of the service, shown by the NATS server.
	Name string
	// Inject, when set, adds the trace context of ctx to a message's headers.
	// Package sdkotel sets it, and Span, for OpenTelemetry.
	Inject func(ctx context.Context, header map[string][]string)
	// Span, when set, is asked before something is sent to Actionplane. It
	// returns the context to go on with, and what is told the outcome.
	Span func(ctx context.Context, o Operation) (context.Context, func(error))
	// Options of the NATS connection, e.g. credentials.
	Options []nats.Option
	// NoIndex makes every hook ask Actionplane, also where nobody listens.
	NoIndex bool
	// EventsPerMessage is how many events of one type that have no ordering key
	// PublishAll puts into one message, at most 64: a stream costs by message, and
	// lets about a third more of them through. An Actionplane of a release before
	// this one loses such messages: set it when all of its replicas are of this one
	// or a later one. 0 means 1.
	EventsPerMessage int
	// IndexLease is how long the index holds without a sign that it is up to
	// date, which bounds what a client misses that is cut off and does not
	// know; 0 means 3 s.
	IndexLease time.Duration
}

// Operation is something that a client is about to do, for who traces it.
type Operation struct {
	// Method is the full name of what is called, e.g.
	// "/actionplane.hooks.v1.Hooks/RunRequestHook"; "" where events are
	// published.
	Method string
	// Destination is the subject without what it is about: there are few.
	Destination string
	// Events is how many are published.
	Events int
}

// Client talks to Actionplane. It is safe for concurrent use.
type Client struct {
	nc       *nats.Conn
	js       jetstream.JetStream
	tenant   string
	inject   func(context.Context, map[string][]string)
	span     func(context.Context, Operation) (context.Context, func(error))
	index    *index // nil: every hook asks
	borrowed bool   // nc is the service's: Close leaves it open

	perMessage int // events
}

// Connect opens a connection of its own. It fails at once when no server
// answers, and reconnects for ever afterwards.
func Connect(ctx context.Context, cfg Config) (*Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	options := append([]nats.Option{nats.Name(cfg.Name), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond)}, cfg.Options...)
	nc, err := nats.Connect(cfg.URL, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	c, err := New(nc, cfg) //nolint:contextcheck // ctx is for connecting; the index lives until Close
	if err != nil {
		nc.Close()
		return nil, err
	}
	c.borrowed = false
	return c, nil
}

// New uses a connection that the service has already, and leaves it open; URL,
// Name and Options of cfg have no meaning then. It follows the conditions that
// somebody listens to until Close is called or the connection is closed.
func New(nc *nats.Conn, cfg Config) (*Client, error) {
	if cfg.Tenant == "" {
		cfg.Tenant = DefaultTenant
	}
	if strings.ContainsAny(cfg.Tenant, ".*> \t\r\n") {
		return nil, fmt.Errorf("tenant %q is not one", cfg.Tenant)
	}
	if cfg.Inject == nil {
		cfg.Inject = func(context.Context, map[string][]string) {}
	}
	if cfg.Span == nil {
		cfg.Span = func(ctx context.Context, _ Operation) (context.Context, func(error)) { return ctx, func(error) {} }
	}
	if cfg.EventsPerMessage > contract.MostEvents {
		return nil, fmt.Errorf("EventsPerMessage is %d: at most %d", cfg.EventsPerMessage, contract.MostEvents)
	}
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(2*publishWindow), jetstream.WithPublishAsyncTimeout(asyncAckTimeout))
	if err != nil {
		return nil, fmt.Errorf("open jetstream: %w", err)
	}
	c := &Client{nc: nc, js: js, tenant: cfg.Tenant, inject: cfg.Inject, span: cfg.Span, perMessage: max(1, cfg.EventsPerMessage), borrowed: true}
	if !cfg.NoIndex {
		c.index = startIndex(c, cmp.Or(cfg.IndexLease, defaultIndexLease))
	}
	return c, nil
}

// Close sends what is buffered, forgets the index and closes the connection
// that Connect opened. Closing again does nothing.
func (c *Client) Close() error {
	if c.index != nil {
		c.index.stop()
		<-c.index.done
	}
	err := c.nc.FlushTimeout(5 * time.Second)
	if !c.borrowed {
		c.nc.Close()
	}
	if err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		return fmt.Errorf("send what is buffered: %w", err)
	}
	return nil
}

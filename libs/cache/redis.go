package cache

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/telemetry"
)

const (
	// callTimeout bounds dialing, reading, writing and waiting for a
	// connection, each. Postgres answers what the cache would have in less.
	callTimeout = 200 * time.Millisecond

	// pause is how long a Redis that failed is left alone.
	pause = 500 * time.Millisecond

	// suspicious is the wait after which a caller whose own deadline is shorter
	// than callTimeout proves Redis dead by giving up. An answer takes far less
	// than a millisecond.
	suspicious = callTimeout / 4
)

// errPaused is made once, because it is returned a lot while Redis is away.
var errPaused = fault.Unavailable("cache is unavailable")

// Redis is a Cache in Redis. It is safe for concurrent use.
type Redis struct {
	client  *redis.Client
	prefix  string
	circuit circuit
	start   time.Time // of the circuit's clock
	closed  chan struct{}
	tracer  trace.Tracer
}

var _ Cache = (*Redis)(nil)

// Option changes how Open connects.
type Option func(*settings)

type settings struct {
	prefix string
	tracer trace.TracerProvider
	meter  metric.MeterProvider
}

// WithPrefix puts prefix and a colon before every key, so that services can
// share a database.
func WithPrefix(prefix string) Option {
	return func(s *settings) { s.prefix = prefix + ":" }
}

// WithTelemetry reports a span for every call and the state of the connection
// pool. Values and keys are not part of it.
func WithTelemetry(tracer trace.TracerProvider, meter metric.MeterProvider) Option {
	return func(s *settings) { s.tracer, s.meter = tracer, meter }
}

// Open returns the cache at url: redis://, rediss:// or unix://, as go-redis
// parses them. A malformed url is a fault.Invalid. A Redis that is away is no
// error: Open says hello to it once, and if there is no answer the first calls
// are refused at once. Close it after use.
func Open(ctx context.Context, url string, options ...Option) (*Redis, error) {
	s := settings{tracer: noop.NewTracerProvider()}
	for _, option := range options {
		option(&s)
	}
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, fault.Invalid("cache url is malformed") // the cause may quote the password
	}
	bound(o)
	r := &Redis{
		client:  redis.NewClient(o),
		prefix:  s.prefix,
		circuit: circuit{pause: pause},
		start:   time.Now(),
		closed:  make(chan struct{}),
		tracer:  s.tracer.Tracer("github.com/actionplane/actionplane/libs/cache"),
	}
	if err := r.instrument(s); err != nil {
		return nil, errors.Join(fmt.Errorf("instrument cache: %w", err), r.Close())
	}
	_ = r.do(ctx, "PING", func() error { return r.client.Ping(ctx).Err() }) // the circuit remembers
	return r, nil
}

// bound replaces go-redis' patience, up to five seconds and three attempts for
// every call and five for a dial, and what not every Redis understands.
func bound(o *redis.Options) {
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = callTimeout, callTimeout, callTimeout, callTimeout
	o.ContextTimeoutEnabled = true
	o.MaxRetries = -1
	o.DialerRetries = 1
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

func (r *Redis) instrument(s settings) error {
	if s.meter == nil {
		return nil
	}
	return redisotel.InstrumentMetrics(r.client, redisotel.WithMeterProvider(s.meter), redisotel.WithCloseChan(r.closed))
}

// Close closes the connections. It is called once.
func (r *Redis) Close() error {
	close(r.closed)
	return r.client.Close()
}

// Ping reports whether Redis answers; it is a health check. It asks even while
// other calls are refused.
func (r *Redis) Ping(ctx context.Context) error {
	began := time.Now()
	return r.judge(ctx, began, r.client.Ping(ctx).Err())
}

// Get implements Cache.
func (r *Redis) Get(ctx context.Context, key string) ([]byte, bool, error) {
	var value []byte
	found := true
	err := r.do(ctx, "GET", func() error {
		var err error
		value, err = r.client.Get(ctx, r.prefix+key).Bytes()
		if errors.Is(err, redis.Nil) {
			found, err = false, nil
		}
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return value, found, nil
}

// GetMulti implements Cache.
func (r *Redis) GetMulti(ctx context.Context, keys ...string) (map[string][]byte, error) {
	found := make(map[string][]byte, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	var values []any
	err := r.do(ctx, "MGET", func() error {
		var err error
		values, err = r.client.MGet(ctx, r.prefixed(keys)...).Result()
		return err
	})
	for i, value := range values {
		if text, ok := value.(string); ok { // nil where there is none
			found[keys[i]] = []byte(text)
		}
	}
	return found, err
}

// Set implements Cache.
func (r *Redis) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if ttl < time.Millisecond { // Redis' unit; and go-redis takes 0 for "for ever"
		return fault.Invalid("cache ttl %s is below a millisecond", ttl)
	}
	return r.do(ctx, "SET", func() error { return r.client.Set(ctx, r.prefix+key, value, ttl).Err() })
}

// Delete implements Cache.
func (r *Redis) Delete(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	return r.do(ctx, "DEL", func() error { return r.client.Del(ctx, r.prefixed(keys)...).Err() })
}

func (r *Redis) prefixed(keys []string) []string {
	prefixed := make([]string, len(keys))
	for i, key := range keys {
		prefixed[i] = r.prefix + key
	}
	return prefixed
}

// do makes one call unless the circuit refuses it.
func (r *Redis) do(ctx context.Context, command string, call func() error) error {
	began := time.Now()
	if !r.circuit.allow(began.Sub(r.start)) {
		return errPaused
	}
	span := r.span(ctx, command)
	err := r.judge(ctx, began, call())
	telemetry.Fail(span, err, fault.CodeOf(err).String())
	span.End()
	return err
}

// span begins the client's span of a command, where the caller is traced. It
// names no key, for keys hold what was asked for. go-redis' own instrumentation
// makes its options whether anybody records them or not, and every command
// without a trace begins one.
func (r *Redis) span(ctx context.Context, command string) trace.Span {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return trace.SpanFromContext(ctx)
	}
	_, span := r.tracer.Start(ctx, command, trace.WithSpanKind(trace.SpanKindClient))
	if span.IsRecording() {
		span.SetAttributes(attribute.String("db.system.name", "redis"), attribute.String("db.operation.name", command))
		if host, port, err := net.SplitHostPort(r.client.Options().Addr); err == nil {
			number, _ := strconv.Atoi(port)
			span.SetAttributes(attribute.String("server.address", host), attribute.Int("server.port", number))
		}
	}
	return span
}

// judge classifies the error of a call and tells the circuit. An error that
// Redis sent, such as WRONGTYPE, proves that it is there; a caller who gave up
// early proves nothing.
func (r *Redis) judge(ctx context.Context, began time.Time, err error) error {
	var answered redis.Error
	switch {
	case err == nil:
		r.circuit.succeeded()
		return nil
	case ctx.Err() != nil && time.Since(began) < suspicious:
		return fmt.Errorf("call cache: %w", ctx.Err())
	case errors.As(err, &answered):
		r.circuit.succeeded()
		return fault.Internal("cache refused the call").Because(err)
	default:
		r.circuit.failed(time.Since(r.start))
		return fault.Unavailable("cache is unavailable").Because(err)
	}
}

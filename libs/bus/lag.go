package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/actionplane/actionplane/libs/telemetry"
)

// lagEvery is how often a consumer is asked how far it is, at most.
const lagEvery = 10 * time.Second

// lag is how far a consumer is behind its stream.
type lag struct {
	messages int64         // not handled: those that wait and those that are in hand
	oldest   time.Duration // age of the oldest of them; 0 where there is none
	stored   int64         // bytes of the stream
	limit    int64         // most bytes of the stream; 0: as many as NATS has room for
}

// lagGauges show it. All replicas report the same numbers.
type lagGauges struct {
	messages, stored, limit metric.Int64ObservableGauge
	oldest                  metric.Float64ObservableGauge
}

func newLagGauges(meter metric.Meter) (lagGauges, error) {
	messages, err1 := meter.Int64ObservableGauge("actionplane.consumer.lag", metric.WithUnit("{message}"),
		metric.WithDescription("messages of the stream that the consumer has not acknowledged; all replicas report the same number"))
	oldest, err2 := meter.Float64ObservableGauge("actionplane.consumer.oldest", metric.WithUnit("s"),
		metric.WithDescription("age of the oldest message that the consumer has not acknowledged; all replicas report the same number"))
	stored, err3 := meter.Int64ObservableGauge("actionplane.stream.bytes", metric.WithUnit("By"),
		metric.WithDescription("size of the stream; all replicas report the same number"))
	limit, err4 := meter.Int64ObservableGauge("actionplane.stream.limit", metric.WithUnit("By"),
		metric.WithDescription("size beyond which the stream takes no more messages, where it has one"))
	return lagGauges{messages, stored, limit, oldest}, errors.Join(err1, err2, err3, err4)
}

// watchLag registers the gauges of a consumer and its stream. It is the server's
// view, and the same from every replica. Call stop when the consumer ends.
func (c *Conn) watchLag(cfg Consumer) (stop func(), err error) {
	gauges, err := newLagGauges(c.meters.meter)
	if err != nil {
		return nil, fmt.Errorf("register metric: %w", err)
	}
	about := metric.WithAttributeSet(attribute.NewSet(attribute.String("stream", cfg.Stream), attribute.String("consumer", cfg.Name)))
	stream := metric.WithAttributeSet(attribute.NewSet(attribute.String("stream", cfg.Stream)))
	now := telemetry.Remembered(lagEvery, func(ctx context.Context) (lag, error) { return c.lag(ctx, cfg) })
	registered, err := c.meters.meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		if l, ok := now(ctx); ok {
			o.ObserveInt64(gauges.messages, l.messages, about)
			o.ObserveFloat64(gauges.oldest, l.oldest.Seconds(), about)
			o.ObserveInt64(gauges.stored, l.stored, stream)
			if l.limit > 0 {
				o.ObserveInt64(gauges.limit, l.limit, stream)
			}
		}
		return nil
	}, gauges.messages, gauges.oldest, gauges.stored, gauges.limit)
	if err != nil {
		return nil, fmt.Errorf("register metric: %w", err)
	}
	return func() {
		if err := registered.Unregister(); err != nil {
			c.log.Warn("bus.metrics", "consumer", cfg.Name, "error", err)
		}
	}, nil
}

// lag asks JetStream.
func (c *Conn) lag(ctx context.Context, cfg Consumer) (lag, error) {
	stream, err := c.js.Stream(ctx, cfg.Stream)
	if err != nil {
		return lag{}, fmt.Errorf("look up stream %s: %w", cfg.Stream, err)
	}
	consumer, err := stream.Consumer(ctx, cfg.Name)
	if err != nil {
		return lag{}, fmt.Errorf("look up consumer %s of %s: %w", cfg.Name, cfg.Stream, err)
	}
	info := consumer.CachedInfo()
	behind := lag{messages: int64(info.NumPending) + int64(info.NumAckPending),
		stored: int64(stream.CachedInfo().State.Bytes), limit: stream.CachedInfo().Config.MaxBytes}
	if behind.messages == 0 {
		return behind, nil
	}
	subject := ">"
	if len(cfg.Filter) == 1 {
		subject = cfg.Filter[0]
	}
	first, err := stream.GetMsg(ctx, info.AckFloor.Stream+1, jetstream.WithGetMsgSubject(subject))
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound): // handled meanwhile
		return behind, nil
	case err != nil:
		return lag{}, fmt.Errorf("look for the oldest message of %s: %w", cfg.Stream, err)
	}
	behind.oldest = max(0, info.TimeStamp.Sub(first.Time))
	return behind, nil
}

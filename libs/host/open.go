package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/pg"
)

const (
	retryPause   = 250 * time.Millisecond
	closeTimeout = 5 * time.Second
)

// open gives a unit what it needs and returns how to give it back.
func (p *process) open(ctx context.Context, u Unit) (Deps, func(), error) {
	deps := Deps{Log: p.telemetry.Logger(u.name), Telemetry: p.telemetry, Health: p.health}
	var closers []func()
	closeAll := func() {
		for i := len(closers) - 1; i >= 0; i-- {
			closers[i]()
		}
	}
	if err := p.openBus(ctx, u, &deps, &closers); err != nil {
		return deps, closeAll, err
	}
	if u.needs[WithDatabase] {
		if err := p.openDatabase(ctx, u, &deps, &closers); err != nil {
			return deps, closeAll, err
		}
	}
	if url := p.config.RedisURL.Reveal(); u.needs[WithCache] && url != "" {
		c, err := cache.Open(ctx, url, cache.WithPrefix(u.name+":"), cache.WithTelemetry(p.telemetry.TracerProvider(), p.telemetry.MeterProvider()))
		if err != nil {
			return deps, closeAll, err
		}
		closers = append(closers, func() {
			if err := c.Close(); err != nil {
				deps.Log.Warn("host.close_cache", "error", err)
			}
		})
		deps.Cache = c
	}
	return deps, closeAll, nil
}

// openBus gives the unit a connection of its own: own name, own drain.
func (p *process) openBus(ctx context.Context, u Unit, deps *Deps, closers *[]func()) error {
	conn, err := bus.Connect(ctx,
		bus.Config{URL: p.config.NATSURL.Reveal(), InProcess: p.settings.NATS, Name: u.name, Replicas: p.config.NATSReplicas},
		bus.Deps{Log: deps.Log, Traces: p.telemetry.TracerProvider(), Metrics: p.telemetry.MeterProvider()})
	if err != nil {
		return err
	}
	closing := context.WithoutCancel(ctx) // closing comes after the end of ctx
	*closers = append(*closers, func() {
		ctx, cancel := context.WithTimeout(closing, closeTimeout)
		defer cancel()
		if err := conn.Close(ctx); err != nil {
			deps.Log.Warn("host.close_bus", "error", err)
		}
	})
	p.health.Add(u.name+".bus", conn.Ready)
	deps.Bus = conn
	return nil
}

// openDatabase waits for a database that starts later than we do; what is not
// a matter of time fails at once.
func (p *process) openDatabase(ctx context.Context, u Unit, deps *Deps, closers *[]func()) error {
	url, err := p.settings.databaseURL(ctx, p.config, u.name)
	if err != nil {
		return err
	}
	var last error // but for that our own time was over
	for {
		pool, err := pg.Open(ctx, pg.Config{
			URL: url, Schema: u.name, MaxConns: int32(p.config.MaxConns),
			Traces: p.telemetry.TracerProvider(), Metrics: p.telemetry.MeterProvider(),
		})
		if err == nil {
			*closers = append(*closers, pool.Close)
			p.health.Add(u.name+".database", func(ctx context.Context) error { return pool.Ping(ctx) })
			deps.DB = pool
			return nil
		}
		if ctx.Err() == nil && !pg.IsUnavailable(err) {
			return fmt.Errorf("DATABASE_URL: %w", err)
		}
		if ctx.Err() == nil || last == nil {
			last = reason(err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("DATABASE_URL: %w: %w", context.Cause(ctx), last)
		case <-time.After(retryPause):
		}
	}
}

// reason returns what the network said, where it said something: without the
// role, by which services differ, so that one trouble reads as one.
func reason(err error) error {
	var refused *net.OpError
	if errors.As(err, &refused) {
		return refused
	}
	return err
}

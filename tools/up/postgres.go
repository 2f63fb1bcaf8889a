package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/actionplane/actionplane/libs/pg/pgserver"
)

const (
	postgresStart = time.Minute
	postgresStop  = 20 * time.Second
)

// startPostgres runs a private cluster and returns each service's URL in it.
func (f *fleet) startPostgres(ctx context.Context) error {
	if f.cfg.databaseURL != "" {
		f.database = func(context.Context, string) (string, error) { return f.cfg.databaseURL, nil }
		return nil
	}
	s, err := f.runPostgres(ctx)
	if err != nil {
		return err
	}
	f.postgres = s
	stopping := context.WithoutCancel(ctx) // the stop comes after the end of ctx
	f.onStop(func() error {
		ctx, cancel := context.WithTimeout(stopping, postgresStop)
		defer cancel()
		return f.currentPostgres().Stop(ctx)
	})
	f.work.Go(func() { f.supervisePostgres(stopping) })
	f.database = s.EnsureRole
	return nil
}

func (f *fleet) runPostgres(ctx context.Context) (*pgserver.Server, error) {
	s, err := pgserver.Start(ctx, pgserver.Config{
		DataDir:        filepath.Join(f.cfg.dir, "postgres"),
		Log:            slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		MaxConnections: 50 + 60*f.cfg.replicas, // seven services with a pool each
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return s, nil
}

// supervisePostgres reports a server that ends by itself or, where that is
// wanted, starts it again.
func (f *fleet) supervisePostgres(ctx context.Context) {
	for {
		s := f.currentPostgres()
		<-s.Done()
		if f.isEnding() {
			return
		}
		if !f.cfg.restart {
			f.fail(errors.New("postgres ended"))
			return
		}
		f.awaitReturn("postgres")
		if err := f.replacePostgres(ctx, s); err != nil {
			f.fail(err)
			return
		}
	}
}

// replacePostgres starts the server again, unless all is ending.
func (f *fleet) replacePostgres(ctx context.Context, ended *pgserver.Server) error {
	ctx, cancel := context.WithTimeout(ctx, postgresStart)
	defer cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ending {
		return nil
	}
	if err := ended.Stop(ctx); err != nil { // it is gone; so are its locks then
		return err
	}
	again, err := f.runPostgres(ctx)
	if err != nil {
		return err
	}
	f.postgres = again
	return f.writeSummary()
}

func (f *fleet) currentPostgres() *pgserver.Server {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.postgres
}

// Package bustest gives a test a bus of its own: a real NATS server with
// JetStream in the test's process, gone when the test is.
package bustest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/busserver"
)

// Server is a test's server.
type Server struct {
	*busserver.Server
}

// Start starts a server that stops when the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := busserver.Start(busserver.Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return &Server{Server: s}
}

// Connect opens a connection that is closed when the test ends.
func (s *Server) Connect(t testing.TB, name string) *bus.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := bus.Connect(ctx, bus.Config{InProcess: s.Server, Name: name}, bus.Deps{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := conn.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// New starts a server and opens one connection to it.
func New(t testing.TB) *bus.Conn {
	t.Helper()
	return Start(t).Connect(t, t.Name())
}

// Run runs f, which blocks until its context is done, beside the test: a
// Server, a Consume. When the test ends f is stopped and awaited, and its
// error fails the test.
func Run(t testing.TB, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

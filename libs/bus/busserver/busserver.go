// Package busserver runs a NATS server with JetStream inside the process: for
// the all-in-one shape, and for tests. Services of the same process connect
// without a socket; others only when a listener is asked for.
package busserver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const readyTimeout = 20 * time.Second

// Config says where the server keeps its streams and whether it listens.
type Config struct {
	// DataDir holds the streams; it is created.
	DataDir string
	// Addr to listen on for other processes; empty: none.
	Addr string
	// Token that other processes must show; required with Addr.
	Token string
	// SyncAlways writes every message through to the disk before it is
	// acknowledged. Without it a killed process loses nothing, but a machine
	// that loses power can lose the last seconds.
	SyncAlways bool
}

// Server is a running NATS server. It serves as nats.InProcessConnProvider.
type Server struct {
	*server.Server
}

// Start starts a server and returns once it takes connections.
func Start(cfg Config) (*Server, error) {
	opts, err := options(cfg)
	if err != nil {
		return nil, err
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("embedded NATS: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(readyTimeout) || !s.JetStreamEnabled() {
		s.Shutdown()
		return nil, fmt.Errorf("embedded NATS is not ready after %s (data in %s, address %q)", readyTimeout, cfg.DataDir, cfg.Addr)
	}
	return &Server{Server: s}, nil
}

func options(cfg Config) (*server.Options, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("embedded NATS: %w", err)
	}
	opts := &server.Options{
		ServerName:            "actionplane-" + strconv.Itoa(os.Getpid()),
		DontListen:            cfg.Addr == "",
		JetStream:             true,
		StoreDir:              filepath.Clean(cfg.DataDir),
		SyncAlways:            cfg.SyncAlways,
		NoSigs:                true,
		NoLog:                 true,
		MaxPayload:            8 << 20,
		DisableShortFirstPing: true,
	}
	if cfg.Addr == "" {
		return opts, nil
	}
	if cfg.Token == "" {
		return nil, errors.New("embedded NATS: a listener needs a token")
	}
	host, port, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("embedded NATS: address %q: %w", cfg.Addr, err)
	}
	if opts.Port, err = strconv.Atoi(port); err != nil {
		return nil, fmt.Errorf("embedded NATS: address %q: %w", cfg.Addr, err)
	}
	opts.Host = host
	opts.Authorization = cfg.Token
	return opts, nil
}

// Stop shuts the server down and waits until its files are closed.
func (s *Server) Stop() {
	s.Shutdown()
	s.WaitForShutdown()
}

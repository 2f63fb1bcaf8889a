package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats-server/v2/server"

	"github.com/actionplane/actionplane/libs/cache/cachetest"
	"github.com/actionplane/actionplane/libs/pg/pgserver"
)

// What the operator's Secrets hold.
const (
	natsToken    = "apn_manifests"
	adminToken   = "ap_manifests"
	masterKey    = "manifests-0123456789abcdef"
	organization = "00000000-0000-4000-8000-0000000000d0"
)

// cluster is what pods find around them: the stores, and the Secrets.
type cluster struct {
	dir       string // with ca.crt and a certificate for loopback
	authority *authority
	nodes     []*server.Server
	secrets   map[string]map[string]string
	reader    string // URL of the database, for the role that backups are made by
}

// startCluster starts a Postgres that wants TLS, a Redis, and the NATS nodes of
// the overlay with the configuration that it gives them.
func startCluster(t *testing.T, h *house, o *overlay) *cluster {
	t.Helper()
	c := &cluster{dir: openDir(t), secrets: map[string]map[string]string{}}
	var err error
	if c.authority, err = newAuthority(); err != nil {
		t.Fatal(err)
	}
	if err := c.authority.write(c.dir, []string{"localhost"}); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, name := range []string{"ca.crt", "tls.crt", "tls.key"} {
		text, err := os.ReadFile(filepath.Join(c.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	c.secrets["actionplane-ca"], c.secrets["gateway-tls"] = files, files
	c.secrets["actionplane-nats"] = map[string]string{"url": c.startNATS(t, o)}
	c.secrets["actionplane-redis"] = map[string]string{"url": cachetest.URL(t)}
	c.secrets["actionplane-database"] = c.startPostgres(t, h)
	c.secrets["actionplane-backup"] = map[string]string{"database-url": c.reader}
	c.secrets["actionplane-access"] = map[string]string{"admin-token": adminToken, "organization-id": organization}
	c.secrets["actionplane-targets"] = map[string]string{"master-key": masterKey}
	return c
}

// openDir makes a directory that other users may pass through.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "manifests-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// startNATS starts every node that the overlay's StatefulSet would.
func (c *cluster) startNATS(t *testing.T, o *overlay) string {
	t.Helper()
	w := o.workload(t, "nats")
	n := int(o.leastReplicas(w))
	ports := freePorts(t, 3*n)
	var routes []*url.URL
	var urls []string
	for i := range n {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", ports[n+i])})
		urls = append(urls, fmt.Sprintf("tls://%s@127.0.0.1:%d", natsToken, ports[i]))
	}
	for i := range n {
		dir := openDir(t)
		if err := c.authority.write(dir, []string{"localhost"}); err != nil {
			t.Fatal(err)
		}
		options, err := o.natsOptions(w, dir, map[string]string{"NATS_TOKEN": natsToken, "NATS_NAME": fmt.Sprintf("%s-%d", w.name, i), "NATS_STORE": o.environment(w)["NATS_STORE"]})
		if err != nil {
			t.Fatal(err)
		}
		options.Host, options.Port, options.HTTPHost, options.HTTPPort = "127.0.0.1", ports[i], "127.0.0.1", ports[2*n+i]
		options.Cluster.Host, options.Cluster.Port, options.Routes = "127.0.0.1", ports[n+i], routes
		options.NoSigs, options.NoLog = true, true
		c.startNode(t, options)
	}
	await(t, "the nodes have a leader and its streams", func() bool { return c.ready(t, w) })
	return strings.Join(urls, ",")
}

func (c *cluster) startNode(t *testing.T, options *server.Options) {
	t.Helper()
	node, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	node.Start()
	t.Cleanup(func() { node.Shutdown(); node.WaitForShutdown() })
	c.nodes = append(c.nodes, node)
}

// ready asks every node what its probes ask.
func (c *cluster) ready(t *testing.T, w workload) bool {
	t.Helper()
	led := false
	probes := w.template.Spec.Containers[0]
	for _, node := range c.nodes {
		led = led || node.JetStreamIsLeader()
		for _, p := range []string{probes.StartupProbe.HTTPGet.Path, probes.LivenessProbe.HTTPGet.Path, probes.ReadinessProbe.HTTPGet.Path} {
			addr := node.MonitorAddr()
			if addr == nil || status(t, "http://"+addr.String()+p) != 200 {
				return false
			}
		}
	}
	return led
}

// startPostgres returns each service's URL of a Postgres that is reached over
// TCP and TLS, as a managed one is.
func (c *cluster) startPostgres(t *testing.T, h *house) map[string]string {
	t.Helper()
	s, err := pgserver.Start(t.Context(), pgserver.Config{Ephemeral: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	var socket, addr string
	urls := map[string]string{}
	for _, service := range h.names() {
		if !h.services[service].database {
			continue
		}
		at, err := s.EnsureRole(t.Context(), service)
		if err != nil {
			t.Fatal(err)
		}
		if socket == "" {
			parsed, err := url.Parse(at)
			if err != nil {
				t.Fatal(err)
			}
			socket = filepath.Join(parsed.Query().Get("host"), ".s.PGSQL."+parsed.Query().Get("port"))
			addr = c.offerTLS(t, socket)
		}
		urls[service] = secureURL(service, addr)
	}
	c.reader = secureURL(backupJob, addr)
	letRead(t, s)
	return urls
}

// secureURL is the database's for somebody who comes over TCP.
func secureURL(role, addr string) string {
	return fmt.Sprintf("postgres://%s:unasked@%s/%s?sslmode=verify-full", role, addr, pgserver.Database)
}

// letRead makes the role that the component backup asks for.
func letRead(t *testing.T, s *pgserver.Server) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL(pgserver.Superuser, pgserver.Database))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	for _, sql := range []string{
		"CREATE ROLE backup LOGIN PASSWORD 'unasked' IN ROLE pg_read_all_data", "GRANT CONNECT ON DATABASE " + pgserver.Database + " TO backup",
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// offerTLS speaks TLS for a Postgres on a Unix socket.
func (c *cluster) offerTLS(t *testing.T, socket string) string {
	t.Helper()
	certificate, err := tls.LoadX509KeyPair(filepath.Join(c.dir, "tls.crt"), filepath.Join(c.dir, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { relay(conn, socket, &tls.Config{Certificates: []tls.Certificate{certificate}}) })
		}
	})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		open.Wait()
	})
	return l.Addr().String()
}

// relay answers the request for TLS, which is the first of a connection, and
// passes the rest on.
func relay(conn net.Conn, socket string, config *tls.Config) {
	defer func() { _ = conn.Close() }()
	var request [8]byte
	if _, err := io.ReadFull(conn, request[:]); err != nil {
		return
	}
	if _, err := conn.Write([]byte("S")); err != nil {
		return
	}
	var d net.Dialer
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	backend, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return
	}
	defer func() { _ = backend.Close() }()
	secure := tls.Server(conn, config)
	var back sync.WaitGroup
	back.Go(func() { _, _ = io.Copy(secure, backend); _ = conn.Close() })
	_, _ = io.Copy(backend, secure)
	_ = backend.Close()
	back.Wait()
}

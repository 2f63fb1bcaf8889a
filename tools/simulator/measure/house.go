package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/actionplane/actionplane/libs/pg/pgserver"
	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
)

const (
	startTimeout = 2 * time.Minute
	stopTimeout  = 40 * time.Second
	pollPause    = 50 * time.Millisecond
)

// house is everything that runs, and where it is.
type house struct {
	dir      string
	postgres *pgserver.Server
	database string           // URL, as role dispatch
	redis    string           // address
	nats     string           // URL
	monitor  string           // of NATS
	roots    map[string][]int // processes by part
	summary  summary
	stops    []func() error
}

// summary is what command up writes.
type summary struct {
	URLs           []string `json:"urls"`
	Token          string   `json:"token"`
	OrganizationID string   `json:"organizationId"`
	Processes      map[string][]struct {
		PID int `json:"pid"`
	} `json:"processes"`
}

// open starts everything, one replica of each service.
func open(ctx context.Context, binaries string) (h *house, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, errors.New("the house did not come up"))
	defer cancel()
	binaries, err = filepath.Abs(binaries)
	if err != nil {
		return nil, err
	}
	h = &house{roots: map[string][]int{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if h.dir, err = os.MkdirTemp("", "actionplane-measure-"); err != nil {
		return nil, err
	}
	h.stops = append(h.stops, func() error { return os.RemoveAll(h.dir) })
	if err := os.Chmod(h.dir, 0o755); err != nil { // Postgres's user enters it
		return nil, err
	}
	if err := h.startPostgres(ctx); err != nil {
		return nil, err
	}
	ports, err := freePorts(ctx, 4)
	if err != nil {
		return nil, err
	}
	if err := h.startRedis(ctx, ports[0]); err != nil {
		return nil, err
	}
	if err := h.startNATS(ctx, binaries, ports[1], ports[2]); err != nil {
		return nil, err
	}
	return h, h.startServices(ctx, binaries, ports[3])
}

func (h *house) startPostgres(ctx context.Context) error {
	s, err := pgserver.Start(ctx, pgserver.Config{DataDir: filepath.Join(h.dir, "postgres"),
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})), MaxConnections: 110})
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	h.postgres = s
	stopping := context.WithoutCancel(ctx) // the stop comes after the end of ctx
	h.stops = append(h.stops, func() error {
		ctx, cancel := context.WithTimeout(stopping, stopTimeout)
		defer cancel()
		return s.Stop(ctx)
	})
	h.roots[cost.Postgres] = []int{s.PID()}
	for _, service := range cost.Services[1:] { // the gateway has no tables
		if h.database, err = s.EnsureRole(ctx, service); err != nil {
			return err
		}
	}
	h.database = s.URL("dispatch", pgserver.Database)
	return nil
}

func (h *house) startRedis(ctx context.Context, port int) error {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return errors.New("redis-server is not on PATH: install Redis")
	}
	h.redis = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return h.startServer(ctx, cost.Redis, h.redis, exec.Command(path, //nolint:noctx // ended by close, in its turn
		"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--save", "", "--appendonly", "no", "--dir", h.dir))
}

func (h *house) startNATS(ctx context.Context, binaries string, port, monitor int) error {
	h.nats = "nats://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	h.monitor = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(monitor))
	conf := filepath.Join(h.dir, "nats.conf")
	text := fmt.Sprintf("listen: \"127.0.0.1:%d\"\nhttp: \"127.0.0.1:%d\"\nmax_payload: 8388608\njetstream { store_dir: %q }\n",
		port, monitor, filepath.Join(h.dir, "nats"))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return err
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return h.startServer(ctx, cost.NATS, addr, exec.Command(filepath.Join(binaries, "nats-server"), "-c", conf)) //nolint:noctx // ended by close, in its turn
}

// startServer starts a server and waits until it takes connections.
func (h *house) startServer(ctx context.Context, part, addr string, cmd *exec.Cmd) error {
	if _, err := h.start(part, cmd); err != nil {
		return err
	}
	h.roots[part] = []int{cmd.Process.Pid}
	return poll(ctx, func() (bool, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return false, nil //nolint:nilerr // not yet
		}
		return true, conn.Close()
	})
}

// startServices has command up start them.
func (h *house) startServices(ctx context.Context, binaries string, gateway int) error {
	file := filepath.Join(h.dir, "summary.json")
	cmd := exec.Command(filepath.Join(binaries, "up"), "-json", file) //nolint:noctx // ended by close, in its turn
	cmd.Env = append(os.Environ(), "REPLICAS=1",
		"DATABASE_URL="+strings.Replace(h.database, "dispatch", "{service}", 1),
		"NATS_URL="+h.nats, "REDIS_URL=redis://"+h.redis+"/0",
		"ACTIONPLANE_ADDR=127.0.0.1:"+strconv.Itoa(gateway), "ACTIONPLANE_DATA_DIR="+filepath.Join(h.dir, "up"),
		"ACTIONPLANE_RATE_LIMIT=0", "ACTIONPLANE_LOG_LEVEL=ERROR", "ACTIONPLANE_CIRCUIT_FAILURES=1000000")
	ended, err := h.start("up", cmd)
	if err != nil {
		return err
	}
	err = poll(ctx, func() (bool, error) {
		select {
		case <-ended:
			return false, errors.New("up ended, see above")
		default:
		}
		text, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(text, &h.summary) != nil {
			return false, nil //nolint:nilerr // not yet
		}
		return len(h.summary.Processes) > 0, nil
	})
	for service, all := range h.summary.Processes {
		for _, p := range all {
			h.roots[service] = append(h.roots[service], p.PID)
		}
	}
	return err
}

// start starts a child that close ends.
func (h *house) start(name string, cmd *exec.Cmd) (ended <-chan struct{}, err error) {
	log, err := os.Create(filepath.Join(h.dir, name+".log"))
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = log, os.Stderr
	if name != "up" {
		cmd.Stderr = log
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w (run `make binaries`)", name, err), log.Close())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait() // a signal of ours ends it
		_ = log.Close()
	}()
	h.stops = append(h.stops, func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
			return nil
		case <-time.After(stopTimeout):
			_ = cmd.Process.Kill()
			<-done
			return fmt.Errorf("%s did not stop", name)
		}
	})
	return done, nil
}

// close stops what was started, the last first.
func (h *house) close() error {
	var problems []error
	for i := len(h.stops) - 1; i >= 0; i-- {
		problems = append(problems, h.stops[i]())
	}
	return errors.Join(problems...)
}

// poll asks until it is true.
func poll(ctx context.Context, is func() (bool, error)) error {
	tick := time.NewTicker(pollPause)
	defer tick.Stop()
	for {
		if ok, err := is(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// freePorts returns ports that nobody listens on, the last ones in a row, as up
// numbers its gateways.
func freePorts(ctx context.Context, n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		addr, _ := l.Addr().(*net.TCPAddr)
		ports = append(ports, addr.Port)
	}
	return ports, nil
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/actionplane/actionplane/libs/pg/pgserver"
)

const (
	readyPause      = 25 * time.Millisecond
	dialTimeout     = time.Second
	postgresTimeout = 20 * time.Second
)

// startPostgres runs a private cluster and returns each service's URL in it.
func (f *fleet) startPostgres(ctx context.Context) error {
	if f.cfg.databaseURL != "" {
		f.database = func(context.Context, string) (string, error) { return f.cfg.databaseURL, nil }
		return nil
	}
	s, err := pgserver.Start(ctx, pgserver.Config{
		DataDir:        filepath.Join(f.cfg.dir, "postgres"),
		Log:            slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		MaxConnections: 50 + 60*f.cfg.replicas, // seven services with a pool each
	})
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	stopping := context.WithoutCancel(ctx) // the stop comes after the end of ctx
	f.onStop(func() error {
		ctx, cancel := context.WithTimeout(stopping, postgresTimeout)
		defer cancel()
		return s.Stop(ctx)
	})
	f.work.Go(func() {
		if <-s.Done(); !f.isEnding() {
			f.fail(errors.New("postgres ended"))
		}
	})
	f.database = s.EnsureRole
	return nil
}

// redisConf keeps nothing: Redis is a cache here.
const redisConf = `bind 127.0.0.1
port %d
requirepass %s
save ""
appendonly no
daemonize no
dir %s
`

func (f *fleet) startRedis(ctx context.Context) error {
	if f.cfg.redisURL != "" {
		f.redisURL = f.cfg.redisURL
		return nil
	}
	path, err := findRedis(ctx)
	if err != nil {
		return err
	}
	ports, err := freePorts(ctx, 1)
	if err != nil {
		return err
	}
	conf := filepath.Join(f.cfg.dir, "redis.conf")
	if err := write(conf, fmt.Appendf(nil, redisConf, ports[0], f.secrets.redisPassword, f.cfg.dir)); err != nil {
		return err
	}
	f.redisURL = fmt.Sprintf("redis://:%s@127.0.0.1:%d/0", f.secrets.redisPassword, ports[0])
	return f.startServer(ctx, command{name: "redis", path: path, args: []string{conf}}, ports[0], "PING\r\n", "-NOAUTH")
}

// findRedis returns the system's redis-server, which root installs where it is
// missing.
func findRedis(ctx context.Context) (string, error) {
	if path, err := exec.LookPath("redis-server"); err == nil {
		return path, nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return "", errors.New("redis-server is not on PATH: install Redis, or set REDIS_URL")
	}
	fmt.Println("redis-server is missing: installing it")
	install := []string{"install", "-y", "--no-install-recommends", "redis-server"}
	if runVisibly(ctx, apt, install...) != nil { // the lists of packages may be old
		if err := errors.Join(runVisibly(ctx, apt, "update"), runVisibly(ctx, apt, install...)); err != nil {
			return "", fmt.Errorf("redis-server cannot be installed: %w", err)
		}
	}
	return exec.LookPath("redis-server")
}

func runVisibly(ctx context.Context, path string, args ...string) error {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(path), strings.Join(args, " "), err)
	}
	return nil
}

// natsConf holds a token, and so is a file and not a command line.
const natsConf = `server_name: actionplane-up
listen: "127.0.0.1:%d"
max_payload: 8388608
authorization { token: %q }
jetstream { store_dir: %q }
`

func (f *fleet) startNATS(ctx context.Context) error {
	if f.cfg.natsURL != "" {
		f.natsURL = f.cfg.natsURL
		return nil
	}
	ports, err := freePorts(ctx, 1)
	if err != nil {
		return err
	}
	conf := filepath.Join(f.cfg.dir, "nats.conf")
	if err := write(conf, fmt.Appendf(nil, natsConf, ports[0], f.secrets.natsToken, filepath.Join(f.cfg.dir, "nats"))); err != nil {
		return err
	}
	f.natsURL = fmt.Sprintf("nats://%s@127.0.0.1:%d", f.secrets.natsToken, ports[0])
	return f.startServer(ctx, command{name: "nats", path: filepath.Join(f.cfg.binaries, "nats-server"), args: []string{"-c", conf}}, ports[0], "", "INFO ")
}

// startServer starts a server and waits until it answers a line with what it
// should.
func (f *fleet) startServer(ctx context.Context, c command, port int, say, expect string) error {
	c.env = os.Environ()
	ch, err := f.startChild(c)
	if err != nil {
		return err
	}
	f.watch(ch)
	f.onStop(ch.stop)
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return ch.await(ctx, func(ctx context.Context) error { return answers(ctx, addr, say, expect) })
}

func answers(ctx context.Context, addr, say, expect string) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	if _, err := conn.Write([]byte(say)); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, expect) {
		err = fmt.Errorf("%s says %q", addr, line)
	}
	return err
}

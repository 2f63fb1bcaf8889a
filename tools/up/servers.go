package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	readyPause  = 25 * time.Millisecond
	dialTimeout = time.Second
)

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
	_, err = f.startServer(ctx, "redis", command{name: "redis", path: path, args: []string{conf}}, ports[0], "PING\r\n", "-NOAUTH")
	return err
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

// startServer starts a server and waits until it answers a line with what it
// should.
func (f *fleet) startServer(ctx context.Context, service string, c command, port int, say, expect string) (*replica, error) {
	c.env = os.Environ()
	ch, err := f.startChild(c)
	if err != nil {
		return nil, err
	}
	r := &replica{service: service, child: ch}
	f.mu.Lock()
	f.servers = append(f.servers, r)
	f.mu.Unlock()
	f.supervise(r)
	f.onStop(func() error { return f.current(r).stop() })
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return r, ch.await(ctx, func(ctx context.Context) error { return answers(ctx, addr, say, expect) })
}

// answers checks that the line which a server answers holds all that is expected.
func answers(ctx context.Context, addr, say string, expect ...string) error {
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
	for _, part := range expect {
		if err == nil && !strings.Contains(line, part) {
			err = fmt.Errorf("%s says %q, without %q", addr, line, part)
		}
	}
	return err
}

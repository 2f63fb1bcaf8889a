package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// stopTimeout is more than a service's own drain timeout.
	stopTimeout = 30 * time.Second
	// lastLines of a log are shown when its writer ends.
	lastLines = 12
	maxTail   = 16 << 10 // bytes
)

// command is a child to start.
type command struct {
	name string // e.g. "gateway-1"
	path string
	args []string
	env  []string
	log  string // file; appended to
}

// child is a running process and the one goroutine that waits for it.
type child struct {
	command
	done chan struct{} // closed when the process has been reaped

	mu      sync.Mutex
	process *os.Process
	err     error // how it ended; read after done
	stopped bool  // by us
}

// start starts c. The kernel's parent-death signal follows the thread that
// forked, not the process, so the fork happens on a thread that belongs to the
// waiting goroutine and lives as long as the child.
func start(c command) (*child, error) {
	ch := &child{command: c, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		cmd, closeLog, err := c.prepare()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			closeLog()
			started <- err
			return
		}
		ch.process = cmd.Process
		started <- nil
		ch.err = cmd.Wait()
		closeLog()
		close(ch.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	return ch, nil
}

func (c command) prepare() (*exec.Cmd, func(), error) {
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, func() {}, err
	}
	cmd := exec.Command(c.path, c.args...) //nolint:noctx // ended by stop, which knows how
	cmd.Env, cmd.Stdout, cmd.Stderr = c.env, log, log
	cmd.SysProcAttr = childAttr()
	return cmd, func() { _ = log.Close() }, nil
}

func (c *child) pid() int { return c.process.Pid }

// killed reports that a signal, and not the program, ended the process.
func (c *child) killed() bool {
	var exit *exec.ExitError
	if !errors.As(c.err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}

// signal sends sig, which a process that has ended does not get.
func (c *child) signal(sig syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.done:
	default:
		c.stopped = true
		_ = c.process.Signal(sig) // it may have ended just now
	}
}

// asked reports whether we told the child to end.
func (c *child) asked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stopped
}

// stop asks the child to end, insists, and returns once it is gone. One that
// ended before it was asked has been reported.
func (c *child) stop() error {
	c.signal(syscall.SIGTERM)
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-c.done:
	case <-timer.C:
		c.signal(syscall.SIGKILL)
		<-c.done
		return fmt.Errorf("%s did not stop within %s and was killed", c.name, stopTimeout)
	}
	if c.asked() && c.err != nil && !c.killed() {
		return c.died()
	}
	return nil
}

// died tells how the child ended, with the last it said.
func (c *child) died() error {
	how := "exit 0"
	if c.err != nil {
		how = c.err.Error()
	}
	return fmt.Errorf("%s (process %d) ended: %s; the end of %s:\n%s", c.name, c.pid(), how, c.log, tail(c.log))
}

// tail returns the last lines of a file, indented.
func tail(path string) string {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return "  " + err.Error()
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "  " + err.Error()
	}
	text := make([]byte, min(info.Size(), maxTail))
	n, _ := f.ReadAt(text, info.Size()-int64(len(text))) // what can be read is shown
	lines := strings.Split(strings.TrimRight(string(text[:n]), "\n"), "\n")
	return "  " + strings.Join(lines[max(0, len(lines)-lastLines):], "\n  ")
}

// await calls ready again and again until it returns nil; it gives up when ctx
// or the child ends.
func (c *child) await(ctx context.Context, ready func(context.Context) error) error {
	tick := time.NewTicker(readyPause)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-c.done:
			return c.died()
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w (%w)", c.name, context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}

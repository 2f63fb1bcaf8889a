// Package sinktest is a receiver for benchmarks: it answers 200 and nothing, as
// cheaply as there is, counts, and runs in a process of its own, as receivers do.
// One that shares a process with its client costs both less than they ever will,
// and a baseline most of all.
package sinktest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// variable makes a test binary a receiver.
const variable = "ACTIONPLANE_TEST_SINK"

// Main makes the running test binary a receiver where it was started to be one,
// and then does not return. Call it first thing in TestMain of a package that
// uses New.
func Main() {
	if os.Getenv(variable) == "" {
		return
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve receives until in ends. On out it writes its address, and a line for
// every number of calls that in asks to be told of, counted anew each time.
func serve(in io.Reader, out io.Writer) error {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var calls, awaited atomic.Int64
	reached := make(chan struct{}, 1)
	server := &fasthttp.Server{CloseOnShutdown: true, IdleTimeout: time.Minute, Handler: func(*fasthttp.RequestCtx) {
		if calls.Add(1) == awaited.Load() {
			reached <- struct{}{}
		}
	}}
	go func() { _ = server.Serve(l) }()
	if _, err := fmt.Fprintln(out, l.Addr()); err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		n, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			return err
		}
		calls.Store(0)
		awaited.Store(n)
		if _, err := fmt.Fprintln(out, "counting"); err != nil {
			return err
		}
		<-reached
		if _, err := fmt.Fprintln(out, "reached"); err != nil {
			return err
		}
	}
	return server.Shutdown()
}

// Sink is a receiver. Only one goroutine may use it.
type Sink struct {
	// URL takes any request.
	URL string
	in  io.Writer
	out *bufio.Reader
	b   *testing.B
}

// New starts one, until the benchmark ends.
func New(b *testing.B) *Sink {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), self)
	cmd.Env = append(os.Environ(), variable+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	s := &Sink{in: in, out: bufio.NewReader(out), b: b}
	s.URL = "http://" + s.line() + "/hook"
	return s
}

func (s *Sink) line() string {
	s.b.Helper()
	line, err := s.out.ReadString('\n')
	if err != nil {
		s.b.Fatalf("the receiver has ended: %v", err)
	}
	return strings.TrimSpace(line)
}

// Expect counts calls anew, and returns what is closed when there were n. Whoever
// does not wait for that must not expect more.
func (s *Sink) Expect(n int) <-chan struct{} {
	s.b.Helper()
	if _, err := fmt.Fprintln(s.in, n); err != nil {
		s.b.Fatal(err)
	}
	s.line()
	reached := make(chan struct{})
	go func() {
		defer close(reached)
		_, _ = s.out.ReadString('\n')
	}()
	return reached
}

package worker

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/actionplane/actionplane/services/scripts/internal/hostapi"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/program"
	"github.com/actionplane/actionplane/services/scripts/internal/sandbox"
)

// orphanGrace is how long a script may go on when the parent is gone.
const orphanGrace = time.Second

// Serve is the life of a worker process: it is told its settings, runs one
// invocation after the other, and returns nil when in ends or ctx is canceled.
// in is closed. The process must be there for nothing else: its memory limits,
// GOMAXPROCS is set here, it exits by itself when a script takes too
// much memory or will not stop after the parent has gone, and nobody else may
// write to out.
func Serve(ctx context.Context, in io.ReadCloser, out io.Writer) error {
	in = pollable(in)
	reader := bufio.NewReaderSize(in, trustedLength)
	settings, err := hello(reader)
	if err != nil {
		return errors.Join(fmt.Errorf("read settings: %w", err), in.Close())
	}
	s, err := newServer(settings, out)
	if err != nil {
		return errors.Join(err, in.Close())
	}
	if err := s.write(binary.AppendVarint(newFrame(frameReady, nil), int64(processorTime()))); err != nil {
		return errors.Join(fmt.Errorf("greet parent: %w", err), in.Close())
	}
	return s.serve(ctx, in, reader)
}

func hello(r *bufio.Reader) (Settings, error) {
	var settings Settings
	kind, payload, err := readFrame(r)
	if err != nil {
		return settings, err
	}
	if kind != frameHello {
		return settings, fmt.Errorf("unexpected frame %d", kind)
	}
	return settings, json.Unmarshal(payload, &settings)
}

// server is a worker at work.
type server struct {
	out      io.Writer
	programs *program.Cache
	sandbox  *sandbox.Sandbox
	watchdog *watchdog
	buf      []byte // of the frame being written

	mu      sync.Mutex
	current wireID             // the invocation under way
	cancel  context.CancelFunc // ends it
}

func newServer(cfg Settings, out io.Writer) (*server, error) {
	if cfg.Procs > 0 {
		runtime.GOMAXPROCS(cfg.Procs)
	}
	if err := limitMemory(cfg.MaxMemory); err != nil {
		return nil, err
	}
	host, err := hostapi.New(cfg.Host, hostapi.Deps{Transport: hostapi.NewTransport(cfg.Egress)})
	if err != nil {
		return nil, err
	}
	box, err := sandbox.New(cfg.Sandbox, sandbox.Deps{Host: host})
	if err != nil {
		return nil, err
	}
	programs, err := program.NewCache(cfg.Programs)
	if err != nil {
		return nil, err
	}
	return &server{out: out, programs: programs, sandbox: box, watchdog: newWatchdog(cfg.MaxMemory)}, nil
}

// job runs an invocation that was read and returns the frame to answer with.
type job func() []byte

// serve runs what the reader hands it. Reading goes on while a script runs: a
// cancel frame or the parent's end may come.
func (s *server) serve(ctx context.Context, in io.Closer, reader *bufio.Reader) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	closeIn := sync.OnceFunc(func() { _ = in.Close() })
	context.AfterFunc(ctx, closeIn) // ends the reader
	jobs := make(chan job)
	var reading sync.WaitGroup
	var readErr error
	var orphaned *time.Timer
	reading.Go(func() {
		defer close(jobs)
		readErr = s.read(ctx, reader, jobs)
		stop() // a script that still runs has nobody to answer to
		orphaned = time.AfterFunc(orphanGrace, func() { os.Exit(exitOrphan) })
	})
	runErr := s.run(jobs)
	stop()
	closeIn()
	for range jobs { // the reader may have one more
	}
	reading.Wait()
	orphaned.Stop()
	return errors.Join(runErr, readErr)
}

// read hands on invocations and obeys cancel frames until the parent says no
// more.
func (s *server) read(ctx context.Context, reader *bufio.Reader, jobs chan<- job) error {
	for {
		kind, payload, err := readFrame(reader)
		switch {
		case errors.Is(err, io.EOF) || ctx.Err() != nil:
			return nil //nolint:nilerr // the end, not a failure
		case err != nil:
			return fmt.Errorf("read frame: %w", err)
		}
		switch kind {
		case frameInvoke:
			request, err := decodeRequest(payload)
			if err != nil {
				return fmt.Errorf("read request: %w", err)
			}
			invocationCtx := s.enter(ctx, request.id)
			jobs <- func() []byte { return s.answer(invocationCtx, request) }
		case frameCheck:
			check, err := decodeCheck(payload)
			if err != nil {
				return fmt.Errorf("read check: %w", err)
			}
			s.enter(ctx, check.id)
			jobs <- func() []byte { return s.check(check) }
		case frameCancel:
			id, err := decodeID(payload)
			if err != nil {
				return fmt.Errorf("read cancel: %w", err)
			}
			s.abandon(id)
		default:
			return fmt.Errorf("unexpected frame %d", kind)
		}
	}
}

// enter makes an invocation the current one. Its context ends by leave.
func (s *server) enter(ctx context.Context, id wireID) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current, s.cancel = id, cancel
	return ctx
}

// abandon ends an invocation, if it is still the current one.
func (s *server) abandon(id wireID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil && s.current == id {
		s.cancel()
	}
}

// leave ends the current invocation. It must be called before the parent is
// answered: after that the next one may enter.
func (s *server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel()
	s.cancel = nil
}

func (s *server) run(jobs <-chan job) error {
	for answer := range jobs {
		frame := answer()
		s.leave()
		if err := s.write(frame); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		s.watchdog.tidy()
	}
	return nil
}

// answer runs an invocation and returns the frame to answer with.
func (s *server) answer(ctx context.Context, r *wireRequest) []byte {
	p, found, err := s.compile(r)
	if !found {
		return r.id.append(newFrame(frameNeedSource, s.buf))
	}
	result := wireResult{id: r.id}
	if err != nil {
		result.Error = compileFailure(err)
	} else {
		began := processorTime()
		s.watchdog.begin()
		result.Result = s.invoke(ctx, r, p)
		result.PeakMemory = s.watchdog.end()
		result.total = processorTime()
		result.CPU = result.total - began
	}
	s.buf = result.append(newFrame(frameResult, s.buf))
	return s.buf
}

// check looks at a script and returns the frame to answer with.
func (s *server) check(c *wireCheck) []byte {
	s.watchdog.begin()
	defer s.watchdog.end()
	answer := wireWarnings{id: c.id, list: program.Check(c.name, c.source)}
	s.buf = answer.append(newFrame(frameWarnings, s.buf))
	return s.buf
}

// compile finds the program by its hash, or makes it from the source, if that
// came along.
func (s *server) compile(r *wireRequest) (p *program.Program, found bool, err error) {
	if !r.hasSource {
		return s.programs.Lookup(r.Hash)
	}
	// Compiling takes memory too: some 70 times the source goes through it.
	s.watchdog.begin()
	defer s.watchdog.end()
	p, err = s.programs.Compile(r.Hash, r.Source)
	return p, true, err
}

func compileFailure(err error) *invocation.Error {
	e := &invocation.Error{Kind: invocation.KindSyntax, Message: err.Error()}
	var syntax *program.SyntaxError
	if errors.As(err, &syntax) {
		e.Line, e.Column = syntax.Line, syntax.Column
	}
	return e
}

// invoke runs an invocation. A panic is a mistake of the interpreter's that the
// script found (or ours); it ends only this VM.
func (s *server) invoke(ctx context.Context, r *wireRequest, p *program.Program) (res invocation.Result) {
	defer func() {
		if x := recover(); x != nil {
			fmt.Fprintf(os.Stderr, "panic in action %s: %v\n%s", r.ActionID, x, debug.Stack())
			res = invocation.Result{Error: &invocation.Error{
				Kind: invocation.KindCrash, Message: "the script broke the interpreter",
			}}
		}
	}()
	return s.sandbox.Run(ctx, p, &r.Request)
}

func (s *server) write(frame []byte) error {
	frame, err := sealFrame(frame)
	if err != nil {
		return err
	}
	_, err = s.out.Write(frame)
	return err
}

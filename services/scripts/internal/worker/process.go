package worker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// maxHeld is how many scripts the parent remembers a worker to hold. When
// there are more it forgets all of them: that costs one more transfer each.
const maxHeld = 4096

// process is a worker as its parent sees it. At most one invocation uses it at
// a time.
type process struct {
	cmd    *exec.Cmd
	stdin  *os.File
	stdout *os.File
	reader *bufio.Reader
	stderr *lastWords
	exited chan struct{} // closed when the process is gone
	killed atomic.Bool   // by us

	held map[invocation.Hash]struct{} // scripts it got
	buf  []byte                       // of the frame being written
	last wireID                       // id of the last invocation
	took time.Duration                // processor time of all invocations before, and of the start

	using   sync.Mutex  // held while an answer is awaited
	writing sync.Mutex  // a cancel frame may be written while a script is sent
	dying   *time.Timer // kills it when it does not retire
	dead    bool        // guarded by idle.mu, as is holder
	holder  *queue      // the tenant that uses it; nil for none
}

// start starts a worker and waits until it is ready.
func start(cfg Config, log *slog.Logger) (*process, error) {
	childIn, stdin, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("open pipe: %w", err)
	}
	stdout, childOut, err := os.Pipe()
	if err != nil {
		closeAll(childIn, stdin)
		return nil, fmt.Errorf("open pipe: %w", err)
	}
	p := &process{
		stdin:  stdin,
		stdout: stdout,
		reader: bufio.NewReaderSize(stdout, trustedLength),
		stderr: &lastWords{log: log},
		exited: make(chan struct{}),
		held:   make(map[invocation.Hash]struct{}),
	}
	p.cmd = exec.Command(cfg.Command[0], cfg.Command[1:]...) //nolint:noctx // it belongs to no request; retire and kill end it
	p.cmd.Env = append([]string{}, cfg.Env...)               // not nil: that would inherit
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = childIn, childOut, p.stderr
	p.cmd.WaitDelay = time.Second
	p.cmd.SysProcAttr = detached()
	err = p.cmd.Start()
	closeAll(childIn, childOut)
	if err != nil {
		closeAll(stdin, stdout)
		return nil, fmt.Errorf("start worker: %w", err)
	}
	if err := p.greet(cfg); err != nil {
		p.kill()
		_ = p.wait()
		return nil, fmt.Errorf("greet worker: %w", err)
	}
	return p, nil
}

func closeAll(files ...*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// greet tells the worker its settings and waits until it is ready.
func (p *process) greet(cfg Config) error {
	settings, err := json.Marshal(cfg.Settings)
	if err != nil {
		return err
	}
	p.setDeadline(time.Now().Add(cfg.StartTimeout))
	if err := p.write(append(newFrame(frameHello, nil), settings...)); err != nil {
		return err
	}
	kind, payload, err := readFrame(p.reader)
	if err != nil {
		return err
	}
	if kind != frameReady {
		return fmt.Errorf("unexpected frame %d", kind)
	}
	d := decoder{rest: payload}
	p.took = time.Duration(d.varint())
	return d.end()
}

// setDeadline bounds reading from and writing to the worker. Pipes have
// deadlines on every system we run on.
func (p *process) setDeadline(t time.Time) {
	_ = p.stdin.SetWriteDeadline(t)
	_ = p.stdout.SetReadDeadline(t)
}

func (p *process) write(frame []byte) error {
	frame, err := sealFrame(frame)
	if err != nil {
		return err
	}
	p.writing.Lock()
	defer p.writing.Unlock()
	_, err = p.stdin.Write(frame)
	return err
}

// wait blocks until the process is gone and returns how it ended.
func (p *process) wait() error {
	err := p.cmd.Wait()
	close(p.exited)
	// What it answered before it died may still be being read.
	p.using.Lock()
	defer p.using.Unlock()
	p.writing.Lock()
	defer p.writing.Unlock()
	if p.dying != nil {
		p.dying.Stop()
	}
	closeAll(p.stdin, p.stdout)
	return err
}

// lastTook returns the processor time of the invocation that the process, which
// is gone, died of.
func (p *process) lastTook() time.Duration {
	state := p.cmd.ProcessState
	return max(state.UserTime()+state.SystemTime()-p.took, 0)
}

// kill ends the process at once.
func (p *process) kill() {
	p.killed.Store(true)
	_ = p.cmd.Process.Kill()
}

// retireWithin is what a worker may take to end by itself.
const retireWithin = 2 * time.Second

// retire lets an idle process end, which it does when its stdin is closed.
func (p *process) retire() {
	p.writing.Lock()
	defer p.writing.Unlock()
	_ = p.stdin.Close()
	p.dying = time.AfterFunc(retireWithin, p.kill)
}

// sendError is a request that did not reach the worker whole, which hence has
// not begun with it.
type sendError struct{ cause error }

func (e *sendError) Error() string { return "send to worker: " + e.cause.Error() }
func (e *sendError) Unwrap() error { return e.cause }

// exchange has the worker run one invocation. An error means that the worker
// is of no more use; limit is how long it may take.
func (p *process) exchange(ctx context.Context, req *invocation.Request, limit, grace time.Duration) (*invocation.Result, error) {
	p.using.Lock()
	defer p.using.Unlock()
	p.last++
	id := p.last
	p.setDeadline(time.Now().Add(limit + grace))
	canceled := make(chan struct{})
	detach := context.AfterFunc(ctx, func() {
		defer close(canceled)
		p.cancel(id, grace)
	})
	defer func() {
		if !detach() {
			<-canceled // the next invocation must not meet this one's deadline
		}
	}()
	_, held := p.held[req.Hash]
	for {
		if err := p.send(id, req, !held); err != nil {
			return nil, &sendError{err}
		}
		kind, payload, err := readFrame(p.reader)
		if err != nil {
			return nil, err
		}
		if kind == frameNeedSource && held {
			held = false
			continue
		}
		return p.received(kind, payload, id)
	}
}

// send writes an invoke frame, with or without the script.
func (p *process) send(id wireID, req *invocation.Request, withSource bool) error {
	if withSource {
		if len(p.held) >= maxHeld {
			clear(p.held)
		}
		p.held[req.Hash] = struct{}{}
	}
	message := wireRequest{id: id, hasSource: withSource, Request: *req}
	p.buf = message.append(newFrame(frameInvoke, p.buf))
	return p.write(p.buf)
}

// cancel tells the worker that nobody waits for an invocation any more, and
// leaves it the grace period to say so.
func (p *process) cancel(id wireID, grace time.Duration) {
	// An error shows where the answer is awaited.
	_ = p.write(id.append(newFrame(frameCancel, nil)))
	_ = p.stdout.SetReadDeadline(time.Now().Add(grace))
}

func (p *process) received(kind frameKind, payload []byte, id wireID) (*invocation.Result, error) {
	if kind != frameResult {
		return nil, fmt.Errorf("unexpected frame %d from worker", kind)
	}
	result, err := decodeResult(payload)
	if err != nil {
		return nil, fmt.Errorf("read result: %w", err)
	}
	if result.id != id {
		return nil, errors.New("worker answered another invocation")
	}
	p.took = max(p.took, result.total)
	return &result.Result, nil
}

// ended reports whether err says that the worker is gone, or going.
func ended(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

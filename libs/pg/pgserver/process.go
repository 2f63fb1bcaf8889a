package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a child and the one goroutine that waits for it.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the child has been reaped
	err  error         // how it ended; read after done
}

// startProcess starts cmd. The kernel's parent-death signal (see childAttr)
// follows the thread that forked, not the process, and Go may end a thread when
// a goroutine locked to it returns. So the fork happens on a thread that
// belongs to the waiting goroutine and therefore lives as long as the child.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// end sends first, and when ctx ends before the child does SIGQUIT and SIGKILL.
// It returns nil when the child is gone, however it went.
func (p *process) end(ctx context.Context, first syscall.Signal) error {
	if err := p.signal(first); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	for _, harsher := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL} {
		if err := p.signal(harsher); err != nil {
			return err
		}
		if p.wait(quitTimeout) {
			return nil
		}
	}
	return fmt.Errorf("postgres process %d does not end", p.cmd.Process.Pid)
}

// wait waits up to d for the child's end and reports whether it came.
func (p *process) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
		return false
	}
}

// signal sends sig; a child that has ended is no error.
func (p *process) signal(sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %s to postgres: %w", sig, err)
	}
	return nil
}

package worker

// Reason is why a worker had to be replaced.
type Reason string

// The reasons.
const (
	NotStarted Reason = "not_started" // it did not come up; it is tried again
	Killed     Reason = "killed"      // by us, because it overran its time or its caller had left
	Memory     Reason = "memory"      // the script took too much
	Stack      Reason = "stack"       // the script recursed too deeply
	Crash      Reason = "crash"       // anything else, such as somebody else who killed it
)

// Reasons returns all reasons.
func Reasons() []Reason { return []Reason{NotStarted, Killed, Memory, Stack, Crash} }

// reason returns why the process, which is gone, ended.
func (p *process) reason() Reason {
	memory, stack := p.stderr.reason()
	switch {
	case memory || p.cmd.ProcessState.ExitCode() == exitMemory:
		return Memory
	case stack:
		return Stack
	case p.killed.Load():
		return Killed
	}
	return Crash
}

// Workers returns how many workers wait for work, and how many have some.
func (p *Pool) Workers() (idle, busy int) {
	p.idle.mu.Lock()
	defer p.idle.mu.Unlock()
	return len(p.idle.workers), len(p.idle.alive) - len(p.idle.workers)
}

package scripts

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/actionplane/actionplane/libs/egress"
)

// Config is what an operator may set.
type Config struct {
	Workers       int              `env:"ACTIONPLANE_SCRIPT_WORKERS" doc:"worker processes, each running one script at a time; 0: two per CPU"`
	TenantWorkers int              `env:"ACTIONPLANE_SCRIPT_TENANT_WORKERS" doc:"workers that the scripts of one tenant may hold at once; 0: all but one"`
	Queue         int              `env:"ACTIONPLANE_SCRIPT_QUEUE" doc:"scripts that may wait for a worker, half of them of one tenant; more are refused"`
	MaxMemory     int64            `env:"ACTIONPLANE_SCRIPT_MEMORY" doc:"bytes of heap that a script may come to"`
	Grace         time.Duration    `env:"ACTIONPLANE_SCRIPT_GRACE" doc:"what a script may overrun its time before its worker is killed"`
	EgressAllow   egress.AllowList `env:"ACTIONPLANE_EGRESS_ALLOW" doc:"CIDRs, addresses and host names that scripts may reach although they are private, comma separated"`
	LogLines      int              `env:"ACTIONPLANE_SCRIPT_LOG_LINES" doc:"lines that a script may log; the first are kept"`
	LogBytes      int              `env:"ACTIONPLANE_SCRIPT_LOG_BYTES" doc:"bytes that a script may log"`
	Calls         int              `env:"ACTIONPLANE_SCRIPT_CALLS" doc:"outgoing calls that a script may make"`
	AnswerLimit   int64            `env:"ACTIONPLANE_SCRIPT_ANSWER_LIMIT" doc:"bytes that the answer to an outgoing call may have"`

	Retention   time.Duration `env:"ACTIONPLANE_INVOCATION_RETENTION" doc:"how long what a script did is kept"`
	Sweep       time.Duration `env:"ACTIONPLANE_INVOCATION_SWEEP" doc:"how often old invocations are deleted"`
	SweepBatch  int           `env:"ACTIONPLANE_INVOCATION_SWEEP_BATCH" doc:"invocations that are deleted in one transaction"`
	Buffer      int           `env:"ACTIONPLANE_INVOCATION_BUFFER" doc:"invocations that wait to be recorded; more are run, and not recorded"`
	BufferBytes int           `env:"ACTIONPLANE_INVOCATION_BUFFER_BYTES" doc:"bytes of memory that they may hold"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		Queue: 1024, MaxMemory: 128 << 20, Grace: 250 * time.Millisecond,
		LogLines: 200, LogBytes: 64 << 10, Calls: 16, AnswerLimit: 1 << 20,
		Retention: 14 * 24 * time.Hour, Sweep: 10 * time.Minute, SweepBatch: 5000, Buffer: 8192, BufferBytes: 64 << 20,
	}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	problems := []error{
		between("ACTIONPLANE_SCRIPT_WORKERS", c.Workers, 0, 1024),
		between("ACTIONPLANE_SCRIPT_TENANT_WORKERS", c.TenantWorkers, 0, 1024),
		between("ACTIONPLANE_SCRIPT_QUEUE", c.Queue, 1, 65536),
		between("ACTIONPLANE_SCRIPT_LOG_LINES", c.LogLines, 1, 10_000),
		between("ACTIONPLANE_SCRIPT_LOG_BYTES", c.LogBytes, 1, 1<<20),
		between("ACTIONPLANE_SCRIPT_CALLS", c.Calls, 1, 1000),
		between("ACTIONPLANE_INVOCATION_SWEEP_BATCH", c.SweepBatch, 1, 100_000),
		between("ACTIONPLANE_INVOCATION_BUFFER", c.Buffer, 1, 1<<20),
		between("ACTIONPLANE_INVOCATION_BUFFER_BYTES", c.BufferBytes, 1<<20, 1<<32),
	}
	if c.MaxMemory < 16<<20 {
		problems = append(problems, errors.New("ACTIONPLANE_SCRIPT_MEMORY must be at least 16777216"))
	}
	if c.AnswerLimit < 1 {
		problems = append(problems, errors.New("ACTIONPLANE_SCRIPT_ANSWER_LIMIT must be positive"))
	}
	for name, d := range map[string]time.Duration{
		"ACTIONPLANE_SCRIPT_GRACE":         c.Grace,
		"ACTIONPLANE_INVOCATION_RETENTION": c.Retention,
		"ACTIONPLANE_INVOCATION_SWEEP":     c.Sweep,
	} {
		if d <= 0 {
			problems = append(problems, fmt.Errorf("%s must be positive", name))
		}
	}
	return errors.Join(problems...)
}

func between(name string, n, least, most int) error {
	if n < least || n > most {
		return fmt.Errorf("%s must be %d to %d", name, least, most)
	}
	return nil
}

// workers is how many worker processes there are: a script that waits for an
// answer leaves its CPU to another.
func (c Config) workers() int { return cmp.Or(c.Workers, 2*runtime.NumCPU()) }

// concurrency is how many calls the service has in hand at once: all that wait
// for a worker or have one, so that it is the workers' queue, which is fair,
// where calls wait, and some beside them.
func (c Config) concurrency() int { return c.Queue + c.workers() + 64 }

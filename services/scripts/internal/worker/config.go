package worker

import (
	"cmp"
	"errors"
	"runtime"
	"time"

	"github.com/actionplane/actionplane/services/scripts/internal/hostapi"
	"github.com/actionplane/actionplane/services/scripts/internal/program"
	"github.com/actionplane/actionplane/services/scripts/internal/sandbox"
)

// Config is how a pool is set up. Zero fields take their default.
type Config struct {
	// Command starts a worker: a binary, which has to call Serve, and its
	// arguments. Required.
	Command []string
	// Env is a worker's whole environment. Nothing is inherited: the parent's
	// holds secrets.
	Env []string
	// Size is the number of workers; default one per CPU.
	Size int
	// MaxQueue is how many invocations may wait for a worker; default 1,024. A
	// single tenant's may be half of them.
	MaxQueue int
	// MaxPerTenant is how many workers a single tenant may hold at once; default
	// all but one, so that who floods the pool leaves a way in for the others.
	MaxPerTenant int
	// Grace is what a worker may overrun its time, before it is killed;
	// default 250 ms.
	Grace time.Duration
	// StartTimeout is what a worker may take to be ready; default 10 s.
	StartTimeout time.Duration

	Settings Settings
}

// Settings is what a worker itself needs to know; it is told at its start.
type Settings struct {
	// MaxMemory bounds the heap of a worker, in bytes; default 128 MiB,
	// negative for no bound.
	MaxMemory int64
	// Procs is a worker's GOMAXPROCS; default 1. With 2 a call takes half as
	// long again, because every hand-over wakes another thread; what one
	// costs is that limits of time are seen up to 10 ms late.
	Procs int

	Egress   hostapi.TransportConfig
	Programs program.Config
	Host     hostapi.Config
	Sandbox  sandbox.Config
}

func (c Config) withDefaults() Config {
	c.Size = cmp.Or(c.Size, runtime.NumCPU())
	c.MaxQueue = cmp.Or(c.MaxQueue, 1024)
	c.MaxPerTenant = cmp.Or(c.MaxPerTenant, max(1, c.Size-1))
	c.Grace = cmp.Or(c.Grace, 250*time.Millisecond)
	c.StartTimeout = cmp.Or(c.StartTimeout, 10*time.Second)
	c.Settings.MaxMemory = cmp.Or(c.Settings.MaxMemory, 128<<20)
	c.Settings.Procs = cmp.Or(c.Settings.Procs, 1)
	return c
}

// Validate returns every problem at once.
func (c Config) Validate() error {
	var problems []error
	if len(c.Command) == 0 {
		problems = append(problems, errors.New("worker command is missing"))
	}
	if c.Size < 0 || c.MaxQueue < 0 || c.MaxPerTenant < 0 || c.Grace < 0 || c.StartTimeout < 0 {
		problems = append(problems, errors.New("worker size, queue, share, grace and start timeout must not be negative"))
	}
	if m := c.Settings.MaxMemory; m > 0 && m < minMemory {
		problems = append(problems, errors.New("worker memory must be 16 MiB at least"))
	}
	return errors.Join(problems...)
}

// minMemory is what a worker needs to do anything at all.
const minMemory = 16 << 20

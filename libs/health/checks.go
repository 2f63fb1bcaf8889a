package health

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
)

// Timeout is how long a check may take. It is less than the kubelet's usual
// patience, so that the answer still says which check was slow.
const Timeout = time.Second

// Func is one check: nil means it passes. It must return soon after its
// context is done.
type Func func(ctx context.Context) error

// Checks is the set of checks of one process.
type Checks struct {
	log      *slog.Logger
	draining atomic.Bool

	mu     sync.Mutex
	checks []*check
}

// New returns an empty set, which is ready. log gets the errors of the checks.
func New(log *slog.Logger) *Checks { return &Checks{log: log} }

// Add adds a check. Of several checks with the same name each must pass; the
// report shows the worst.
func (c *Checks) Add(name string, f Func) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checks = append(c.checks, &check{name: name, f: f})
}

// Drain makes the process not ready for good, while it stays alive to finish
// what it holds.
func (c *Checks) Drain() { c.draining.Store(true) }

// Ready runs all checks side by side and returns what became of them.
func (c *Checks) Ready(ctx context.Context) Report {
	c.mu.Lock()
	checks := slices.Clone(c.checks)
	c.mu.Unlock()

	results := make([]error, len(checks))
	var running sync.WaitGroup
	for i, check := range checks {
		running.Go(func() { results[i] = check.run(ctx) })
	}
	running.Wait()

	report := Report{Draining: c.draining.Load(), Checks: map[string]string{}}
	for i, check := range checks {
		c.note(ctx, check, results[i])
		report.add(check.name, results[i])
	}
	return report
}

// note logs a check that changed sides.
func (c *Checks) note(ctx context.Context, check *check, err error) {
	failing := err != nil
	if check.failing.Swap(failing) == failing {
		return
	}
	if failing {
		c.log.WarnContext(ctx, "health.failing", "check", check.name, "error", err)
		return
	}
	c.log.InfoContext(ctx, "health.passing", "check", check.name)
}

// Report is what became of the checks of one probe.
type Report struct {
	Draining bool
	Checks   map[string]string // by name: "ok", or why not in words fit for strangers
}

const passed = "ok"

// add keeps the worst of the results of one name.
func (r *Report) add(name string, err error) {
	if err != nil {
		r.Checks[name] = explain(err)
	} else if _, known := r.Checks[name]; !known {
		r.Checks[name] = passed
	}
}

// Failing returns the names of the checks that did not pass, sorted.
func (r Report) Failing() []string {
	failing := []string{}
	for name, result := range r.Checks {
		if result != passed {
			failing = append(failing, name)
		}
	}
	slices.SortFunc(failing, strings.Compare)
	return failing
}

// Ready reports whether the process should get traffic.
func (r Report) Ready() bool { return !r.Draining && len(r.Failing()) == 0 }

// explain says what is wrong without the addresses and user names that the
// errors of clients tend to carry.
func explain(err error) string {
	if e, ok := fault.As(err); ok {
		return e.Text()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "timed out"
	}
	return "failed"
}

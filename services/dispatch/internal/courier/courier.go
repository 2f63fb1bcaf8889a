// Package courier gets deliveries to their targets.
//
// A delivery of an event is tried at once, while the message that brought it is
// held (deliver.go). Whatever is left of it afterwards, a delivery that failed
// and one that a hook left behind are rows with a due time, and a loop works
// them off (loop.go). Either way an attempt ends in a report (conclude.go).
//
// The message is held no longer than Config.Hold, and not at all for a target
// that has lately taken longer. An attempt that is not done by then is written
// down as being sent, under a lease that outlasts the target's timeout, and goes
// on; one for which there is no slot is written down as due. So a slow target costs its own attempts' slots and not the stream, a quick
// one costs one transaction, and no attempt is cut short or made twice because
// the stream could not wait.
package courier

import (
	"context"
	"log/slog"
	"time"

	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/services/dispatch/internal/attempt"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/groupcommit"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Config bounds a Courier.
type Config struct {
	First   int           // first attempts under way at once
	Retries int           // attempts of rows that were due under way at once
	Hold    time.Duration // longest that an event's message waits for attempts
	Lease   time.Duration // how much longer than the target's timeout a delivery is ours
	Pause   time.Duration // before we try again what we could not try, or not record
	Poll    time.Duration // how often to look for rows that others made due
	Grace   time.Duration // how long a stopping courier lets attempts go on
	Policy  delivery.Policy
}

// Deps are what a courier works with.
type Deps struct {
	Caller interface {
		// Attempt makes one try; its errors are our own faults.
		Attempt(context.Context, attempt.Request) (attempt.Result, error)
	}
	Store Store
	IDs   *ident.Source
	Log   *slog.Logger
}

// Store keeps runs and deliveries.
type Store interface {
	CreateRuns(context.Context, []run.Run) error
	CreateDeliveries(context.Context, []run.Delivery) error
	Claim(ctx context.Context, limit int, margin time.Duration) ([]run.Delivery, error)
	Report(context.Context, []run.Report) error
	NextWake(context.Context) (wait time.Duration, ok bool, err error)
}

// Courier delivers. It is safe for concurrent use.
type Courier struct {
	cfg  Config
	deps Deps

	runs       *groupcommit.Writer[run.Run]
	deliveries *groupcommit.Writer[run.Delivery]
	reports    *groupcommit.Writer[run.Report]

	first    chan struct{} // slots of Config.First
	retries  chan struct{} // slots of Config.Retries
	kicked   chan struct{} // something is due that the loop may not know of
	inFlight inFlight

	// slow holds the targets that have recently kept a message waiting.
	slow *cache.Local[string, struct{}]
}

const (
	maxSlow = 10_000
	slowFor = 10 * time.Second
)

// The writers' bounds. Two transactions at once keep the disk busy while the
// next batches gather; more would only make the batches smaller.
var commits = groupcommit.Config{MaxBatch: 256, Parallel: 2, Timeout: 10 * time.Second}

// New returns a courier.
func New(cfg Config, deps Deps) *Courier {
	return &Courier{
		cfg: cfg, deps: deps,
		runs:       groupcommit.New(commits, deps.Store.CreateRuns),
		deliveries: groupcommit.New(commits, deps.Store.CreateDeliveries),
		reports:    groupcommit.New(commits, deps.Store.Report),
		first:      make(chan struct{}, cfg.First),
		retries:    make(chan struct{}, cfg.Retries),
		kicked:     make(chan struct{}, 1),
		slow:       cache.NewLocal[string, struct{}](maxSlow, slowFor),
	}
}

// Run works until ctx is done and nothing is in hand. Stop those who call
// Deliver and Enqueue first.
func (c *Courier) Run(ctx context.Context) error {
	defer c.slow.Close()
	return host.Together(ctx, c.work, c.runs.Run, c.deliveries.Run, c.reports.Run)
}

func (c *Courier) work(ctx context.Context) error {
	c.loop(ctx)
	c.inFlight.drain(c.cfg.Grace)
	return nil
}

// kick wakes the loop.
func (c *Courier) kick() {
	select {
	case c.kicked <- struct{}{}:
	default:
	}
}

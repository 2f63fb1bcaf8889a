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
// on; one for which there is no slot is written down as due. So a slow target
// costs its own attempts' slots and not the stream, a quick one costs one
// transaction, and no attempt is cut short or made twice because the stream
// could not wait.
//
// Deliveries with an ordering key are always rows first. They wait for their
// turn, which one loop gives them (turns.go).
package courier

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/services/dispatch/internal/fairness"
	"github.com/actionplane/actionplane/services/dispatch/internal/gate"
	"github.com/actionplane/actionplane/services/dispatch/internal/groupcommit"
	"github.com/actionplane/actionplane/services/dispatch/internal/meter"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
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
	// Overtake is behind how many unhandled events one lies that may have
	// overtaken them; 0: none does.
	Overtake int
}

// Deps are what a courier works with.
type Deps struct {
	// First makes first attempts at targets that are quick as far as is known:
	// it may wait for room as long as a message is held.
	First gate.Maker
	// Caller makes all others.
	Caller  gate.Maker
	Book    gate.Book
	Gate    *gate.Gate
	Horizon Horizon
	Targets TargetDisabler
	Store   Store
	IDs     *ident.Source
	Meters  *meter.Meters
	Log     *slog.Logger
	// Tracer makes the spans of attempts that nobody waits for.
	Tracer trace.Tracer
}

// Store keeps runs and deliveries.
type Store interface {
	CreateRuns(context.Context, []run.Run) error
	CreateDeliveries(context.Context, []run.Delivery) error
	Due(ctx context.Context, after fairness.Lane) (lanes []fairness.Lane, next fairness.Lane, err error)
	Claim(ctx context.Context, takes []fairness.Take, margin time.Duration) ([]run.Delivery, error)
	PutOff(ctx context.Context, tenant, target string, wait time.Duration) error
	OrderedLanes(ctx context.Context, after run.Lane, limit int) ([]run.Lane, error)
	GiveTurns(ctx context.Context, lanes []run.Lane, complete func(run.DeliveryID, uint64) bool) (int, []store.Early, error)
	Report(context.Context, []run.Report) error
	NextWake(context.Context) (wait time.Duration, ok bool, err error)
}

// TargetDisabler stops the sending to a target for good.
type TargetDisabler interface {
	Disable(ctx context.Context, tenant, target, reason string) error
}

// Courier delivers. It is safe for concurrent use.
type Courier struct {
	cfg  Config
	deps Deps

	runs       *groupcommit.Writer[run.Run]
	deliveries *groupcommit.Writer[run.Delivery]
	reports    *groupcommit.Writer[run.Report]

	first    *slots // of Config.First
	retries  *slots // of Config.Retries
	turns    turns
	kicked   chan struct{} // something is due that the loop may not know of
	inFlight *inFlight

	slow slowness
}

// The writers' bounds. Two transactions at once keep the disk busy while the
// next batches gather; more, or small ones, would cost as much as large ones and
// do less.
var commits = groupcommit.Config{MaxBatch: 256, Parallel: 2, Enough: 128, Timeout: 10 * time.Second}

// New returns a courier.
func New(cfg Config, deps Deps) *Courier {
	return &Courier{
		cfg: cfg, deps: deps,
		runs:       groupcommit.New(commits, deps.Store.CreateRuns),
		deliveries: groupcommit.New(commits, deps.Store.CreateDeliveries),
		reports:    groupcommit.New(commits, deps.Store.Report),
		first:      newSlots(cfg.First),
		retries:    newSlots(cfg.Retries),
		turns:      turns{kicked: make(chan struct{}, 1), dirty: map[run.Lane]struct{}{}},
		kicked:     make(chan struct{}, 1),
		inFlight:   newInFlight(),
		slow:       newSlowness(cfg.Hold),
	}
}

// Run works until ctx is done and nothing is in hand. Stop those who call
// Deliver and Enqueue first.
func (c *Courier) Run(ctx context.Context) error {
	defer c.slow.close()
	return host.Together(ctx, c.attendDue, c.giveTurns, c.runs.Run, c.deliveries.Run, c.reports.Run)
}

func (c *Courier) attendDue(ctx context.Context) error {
	c.loop(ctx)
	c.inFlight.drain(c.cfg.Grace)
	return nil
}

// Kick wakes the loop: something is due that it may not know of.
func (c *Courier) Kick() {
	select {
	case c.kicked <- struct{}{}:
	default:
	}
}

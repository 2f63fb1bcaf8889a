package courier

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/attempt"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/gate"
	"github.com/actionplane/actionplane/services/dispatch/internal/meter"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// try makes the attempt that was started and returns what became of it.
func (c *Courier) try(ctx context.Context, caller gate.Maker, d *run.Delivery) run.Report {
	start := time.Now()
	result, err := caller.Attempt(ctx, attempt.Request{
		Tenant: d.Tenant, Run: d.Run, Position: d.Position, Step: d.Step, Body: d.Body, Timeout: d.Timeout,
		Number: d.Attempt,
	})
	now := time.Now()
	var r run.Report
	switch {
	case err == nil:
		c.slow.answered(targetOf(*d), result.Duration, now)
		r = c.concluded(ctx, d, result, now)
	case errors.Is(err, attempt.ErrDisabled):
		r = run.Report{Event: delivery.Fail(now, delivery.TargetOff)}
	case refusalIn(err) != nil:
		r = run.Report{Event: delivery.Abandon(now), Due: latest(now, refusalIn(err).Until)}
	case fault.CodeOf(err) == fault.CodeNotFound:
		r = run.Report{Event: delivery.Cancel(now, delivery.TargetDeleted)}
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		r = run.Report{Event: delivery.Abandon(now), Attempt: run.Attempt{
			StartedAt: start, Duration: now.Sub(start), Outcome: delivery.OutcomeRetryable, Error: "broken off, for the service stopped",
		}}
	default:
		r = run.Report{Event: delivery.Abandon(now), Due: now.Add(c.cfg.Pause)}
	}
	r.Run, r.Delivery, r.Attempt.Number = d.Run, d.ID, d.Attempt
	c.deps.Meters.Attempted(ctx, meter.Attempt{Delivery: *d, Report: r, Result: result, Err: err, Took: now.Sub(start)})
	return r
}

// refusalIn returns why the gate held an attempt back; nil: it did not.
func refusalIn(err error) (refusal *gate.Refusal) {
	errors.As(err, &refusal)
	return refusal
}

// latest returns the later of two times.
func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// concluded is the report of an attempt that was made.
func (c *Courier) concluded(ctx context.Context, d *run.Delivery, result attempt.Result, now time.Time) run.Report {
	var policy delivery.Policy
	if result.Err != nil { // after a success nothing is left to be said
		policy = c.deps.Book.Terms(ctx, d.Tenant, d.TargetID).Policy
	}
	verdict := result.Verdict(policy)
	if verdict.DisableTarget {
		c.disable(ctx, d)
	}
	r := run.Report{
		Event:   d.Conclude(policy, verdict, result.RetryAfter, now, rand.Float64()),
		Attempt: run.Attempt{StartedAt: result.StartedAt, Duration: result.Duration, Outcome: verdict.Outcome, Status: result.Status},
	}
	if result.Err != nil {
		r.Attempt.Error = result.Err.Error()
	}
	return r
}

// disable stops the sending to a target that asked for it. Where that cannot be
// said now, the target says it again at the next delivery.
func (c *Courier) disable(ctx context.Context, d *run.Delivery) {
	if err := c.deps.Targets.Disable(ctx, d.Tenant, d.TargetID, "the target answered 410"); err != nil {
		c.deps.Log.WarnContext(ctx, "delivery.disable_target", "target_id", d.TargetID, "error", err)
	}
}

// report commits r. While the database is away it tries again, for as long as
// the delivery is ours.
func (c *Courier) report(ctx context.Context, r run.Report, lease time.Time) {
	for {
		err := c.reports.Commit(context.WithoutCancel(ctx), r)
		if err == nil {
			c.Kick()
			return
		}
		c.deps.Log.WarnContext(ctx, "delivery.report", "delivery_id", r.Delivery.String(), "error", err)
		if fault.Permanent(err) || time.Now().After(lease) || !sleep(ctx, c.cfg.Pause) {
			return // the lease ends, and another attempt is made
		}
	}
}

// sleep is false when ctx ended meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

package gate

import (
	"context"
	"strings"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/attempt"
	"github.com/actionplane/actionplane/services/dispatch/internal/circuit"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Terms are what the owner of a target has set about its being called.
type Terms struct {
	Policy delivery.Policy
	Limits Limits
}

// Book knows the terms of targets.
type Book interface {
	// Terms returns the defaults where a target's own cannot be had.
	Terms(ctx context.Context, tenant, target string) Terms
}

// Maker makes one try; its errors are our own faults.
type Maker interface {
	Attempt(context.Context, attempt.Request) (attempt.Result, error)
}

// Patient makes attempts for somebody who waits: where a target has no room
// for another, it waits for it as long as ctx allows. What the gate refuses is
// a fault that a caller may be told.
type Patient struct {
	Gate *Gate
	Book Book
	Next Maker
}

// Attempt makes one try.
func (p *Patient) Attempt(ctx context.Context, req attempt.Request) (attempt.Result, error) {
	terms := p.Book.Terms(ctx, req.Tenant, req.Step.TargetID)
	for {
		pass, refusal := p.Gate.Enter(targetOf(req), terms.Limits, req.Timeout, time.Now())
		if refusal == nil {
			return through(ctx, pass, p.Next, req)
		}
		if refusal.Why == CircuitOpen {
			return attempt.Result{}, fault.Unavailable("the target has failed too often and is left alone for a while").Because(refusal)
		}
		if err := p.wait(ctx, targetOf(req), refusal); err != nil {
			return attempt.Result{}, err
		}
	}
}

// look is how long one who waits relies on being told.
const look = 20 * time.Millisecond

func (p *Patient) wait(ctx context.Context, t Target, r *Refusal) error {
	if err := p.Gate.wait(ctx, t, r, time.Time{}); err != nil {
		return fault.Deadline("the target had no room for another call in time").Because(r)
	}
	return nil
}

// wait returns when to ask again: soon, or when somebody left. It is an error
// that ctx is done.
func (g *Gate) wait(ctx context.Context, t Target, r *Refusal, limit time.Time) error {
	until := r.Until
	if until.IsZero() {
		until = time.Now().Add(look)
	}
	if !limit.IsZero() && limit.Before(until) {
		until = limit
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-g.waiting(t):
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// Prompt makes attempts for deliveries: what may not be made is refused, with
// a *Refusal, and is put off.
type Prompt struct {
	Gate *Gate
	Book Book
	Next Maker
	// Wait is how long one waits for another to leave, 0: not at all. Nobody
	// waits for the rate or a circuit.
	Wait time.Duration
}

// Attempt makes one try.
func (p *Prompt) Attempt(ctx context.Context, req attempt.Request) (attempt.Result, error) {
	terms := p.Book.Terms(ctx, req.Tenant, req.Step.TargetID)
	now := time.Now()
	limit := now.Add(p.Wait)
	for {
		pass, refusal := p.Gate.Enter(targetOf(req), terms.Limits, req.Timeout, now)
		if refusal == nil {
			return through(ctx, pass, p.Next, req)
		}
		if refusal.Why != Crowded || !now.Before(limit) {
			return attempt.Result{}, refusal
		}
		if err := p.Gate.wait(ctx, targetOf(req), refusal, limit); err != nil {
			return attempt.Result{}, err
		}
		now = time.Now()
	}
}

func targetOf(req attempt.Request) Target { return Target{req.Tenant, req.Step.TargetID} }

// through makes the attempt, and tells the gate even of one that panics.
func through(ctx context.Context, pass Pass, next Maker, req attempt.Request) (result attempt.Result, err error) {
	said, cause := circuit.Unknown, ""
	defer func() { pass.Done(said, cause, time.Now()) }()
	result, err = next.Attempt(ctx, req)
	if err == nil {
		said = judge(req, result)
		if result.Err != nil {
			cause = result.Err.Error()
		}
	}
	return result, err
}

// fairTime is what a target must at least have had, or all of its timeout,
// before a time-out is held against it: a hook may come with less left.
const fairTime = time.Second

// judge says what an attempt tells about its target. Any answer shows that it
// lives but those that say otherwise: 5xx, and 429. A script that throws fails
// alone.
func judge(req attempt.Request, r attempt.Result) circuit.Result {
	switch r.Transport {
	case delivery.Answered:
		if r.Status >= 500 || r.Status == 429 {
			return circuit.Broke
		}
		return circuit.Worked
	case delivery.TimedOut:
		if req.Timeout < min(req.Step.Timeout, fairTime) {
			return circuit.Unknown
		}
		return circuit.Broke
	case delivery.Denied, delivery.InvalidEndpoint:
		return circuit.Unknown
	}
	if isScript(req.Step) {
		return circuit.Worked
	}
	return circuit.Broke
}

func isScript(s run.Step) bool {
	const scheme = "action://"
	return len(s.Endpoint) >= len(scheme) && strings.EqualFold(s.Endpoint[:len(scheme)], scheme)
}
